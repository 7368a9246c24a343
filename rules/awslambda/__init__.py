"""Part 1 of the rules: Lambda."""
LOOKS_AT = ('AWS::Lambda::',)
