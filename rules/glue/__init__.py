"""The rules on AWS Glue: tables, jobs and crawlers."""
LOOKS_AT = ('AWS::Glue::',)
