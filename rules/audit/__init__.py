"""Part 7 of the rules, continued: what CloudTrail and AWS Config record of an account."""
LOOKS_AT = ('AWS::CloudTrail::', 'AWS::Config::')
