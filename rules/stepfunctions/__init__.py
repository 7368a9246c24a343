"""Part 2 of the rules: Step Functions."""
LOOKS_AT = ('AWS::StepFunctions::', 'states')
