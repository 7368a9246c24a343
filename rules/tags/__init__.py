"""Part 8 of the rules: cost allocation tags, which any resource may want."""
LOOKS_AT = ('AWS::',)
