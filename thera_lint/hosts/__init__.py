"""Other programs that run the rules."""
