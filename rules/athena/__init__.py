"""Part 3 of the rules: Athena's queries and workgroups, and Glue."""
LOOKS_AT = ('AWS::Athena::', 'states')
