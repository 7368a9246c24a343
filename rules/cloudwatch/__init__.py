"""Part 7 of the rules: CloudWatch, its logs, and what other services report to it."""
LOOKS_AT = (
    'AWS::ApiGateway::Stage',
    'AWS::ApiGatewayV2::Stage',
    'AWS::ApplicationAutoScaling::ScalingPolicy',
    'AWS::AutoScaling::LaunchConfiguration',
    'AWS::AutoScaling::ScalingPolicy',
    'AWS::CloudWatch::',
    'AWS::DynamoDB::',
    'AWS::EC2::FlowLog',
    'AWS::EC2::Instance',
    'AWS::EC2::LaunchTemplate',
    'AWS::ECS::Cluster',
    'AWS::Logs::',
    'AWS::Synthetics::',
    'AWS::XRay::',
)
