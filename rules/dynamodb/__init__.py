"""Part 5 of the rules: DynamoDB, and its cache."""
LOOKS_AT = ('AWS::DynamoDB::', 'AWS::DAX::')
