"""Part 7 of the rules: budgets, and whether anybody has one. Any resource may cost money."""
LOOKS_AT = ('AWS::',)
