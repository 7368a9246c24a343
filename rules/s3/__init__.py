"""Part 4 of the rules: S3."""
LOOKS_AT = ('AWS::S3::',)
