"""Part 5 of the rules: DynamoDB, its auto scaling, and its cache."""
LOOKS_AT = ('AWS::ApplicationAutoScaling::', 'AWS::DAX::', 'AWS::DynamoDB::')
