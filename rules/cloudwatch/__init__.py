"""Part 7 of the rules: CloudWatch and its logs."""
LOOKS_AT = ('AWS::Logs::', 'AWS::CloudWatch::')
