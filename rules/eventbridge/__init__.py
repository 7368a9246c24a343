"""Part 6 of the rules: EventBridge, its Scheduler, Pipes and schemas."""
LOOKS_AT = ('AWS::Events::', 'AWS::EventSchemas::', 'AWS::Pipes::', 'AWS::Scheduler::')
