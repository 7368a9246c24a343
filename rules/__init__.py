"""The rules: one folder a service, one file a rule."""
