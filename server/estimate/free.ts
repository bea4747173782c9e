/** What costs nothing by itself, or cents with what this stack does: calls of functions, messages, rules. */
const FREE = [
  /^AWS::IAM::/,
  /^AWS::EC2::(VPC|Subnet|RouteTable|Route|SubnetRouteTableAssociation|InternetGateway|VPCGatewayAttachment)$/,
  /^AWS::EC2::(VPCCidrBlock|SecurityGroup|SecurityGroupIngress|SecurityGroupEgress|LaunchTemplate|FlowLog)$/,
  /^AWS::ECS::(Service|TaskDefinition|CapacityProvider|ClusterCapacityProviderAssociations)$/,
  /^AWS::AutoScaling::(LifecycleHook|ScalingPolicy|WarmPool)$/,
  /^AWS::ApplicationAutoScaling::/,
  /^AWS::RDS::(DBSubnetGroup|DBParameterGroup|OptionGroup|DBProxyTargetGroup|DBProxyEndpoint)$/,
  /^AWS::ElasticLoadBalancingV2::(Listener|ListenerRule|ListenerCertificate|TargetGroup|TrustStore)$/,
  /^AWS::(S3::BucketPolicy|KMS::Alias|CertificateManager::Certificate|Route53::RecordSet)$/,
  /^AWS::SecretsManager::(SecretTargetAttachment|RotationSchedule|ResourcePolicy)$/,
  /^AWS::Logs::(QueryDefinition|LogStream|ResourcePolicy|SubscriptionFilter|LogAnomalyDetector)$/,
  /^AWS::Backup::(BackupVault|BackupSelection)$/,
  /^AWS::WAFv2::(WebACLAssociation|LoggingConfiguration|IPSet|RegexPatternSet)$/,
  /^AWS::(SNS|SQS|Events|Scheduler|Lambda|StepFunctions|Budgets|Cognito)::/,
  /^AWS::SSM::Parameter$/,
  /^AWS::CloudWatch::CompositeAlarm$/,
  /^AWS::CloudFormation::|^AWS::CDK::|^Custom::/,
]

export function isFree(type: string): boolean {
  return FREE.some((pattern) => pattern.test(type))
}
