/** What scanners say about the EnterpriseStack and is left as it is, each with the reason. */

/** In a rule: the ARN of a bucket that settings name. */
export const GIVEN_BUCKET = '{given bucket}'

export interface AcknowledgedFinding {
  /** Rules of cdk-nag, checkov or cfn-lint, by the names that these give them. */
  readonly rules: readonly string[]
  /** Construct paths below the stack; `*` is any text within a part, `**` any parts. */
  readonly at: readonly string[]
  readonly reason: string
}

export type Scanner = 'cdk-nag' | 'cfn-lint' | 'checkov'

export function scannerOf(rule: string): Scanner {
  if (rule.startsWith('CKV')) return 'checkov'
  return /^[EWI]\d{4}$/.test(rule) ? 'cfn-lint' : 'cdk-nag'
}

/** The same rule in both packs of cdk-nag that are named after a standard. */
function inBothStandards(...rules: string[]): string[] {
  return rules.flatMap((rule) => [`NIST.800.53.R5-${rule}`, `PCI.DSS.321-${rule}`])
}

/** A resource with a wildcard in it, as cdk-nag writes it. */
export function wide(resource: string): string {
  return `AwsSolutions-IAM5[Resource::${resource}]`
}

const OWN = '<AWS::Region>:<AWS::AccountId>'

/** Every object of the bucket of artifacts, whether the stack makes it or is given it. */
const ARTIFACTS = [wide('<ArtifactsBucket88671897.Arn>/*'), wide(`${GIVEN_BUCKET}/*`)]

const LOG_BUCKETS = [
  'Artifacts/AccessLogs/Resource',
  'Edge/Logs/Bucket/Resource',
  'Keeping/Drill/AccessLogs/Resource',
]

export const ACKNOWLEDGED_FINDINGS: readonly AcknowledgedFinding[] = [
  // Network
  {
    rules: inBothStandards('VPCNoUnrestrictedRouteToIGW'),
    at: ['Network/Vpc/publicSubnet*/DefaultRoute'],
    reason:
      'The public subnets hold NAT gateways and a load balancer that faces the internet; servers and database are in others.',
  },
  {
    rules: ['AwsSolutions-EC23', ...inBothStandards('EC2RestrictedCommonPorts', 'EC2RestrictedSSH')],
    at: ['Edge/LoadBalancer/SecurityGroup/Resource'],
    reason:
      "The rule cannot read a reference to the VPC's own range; a test holds every edge to a list, and lets the world in at 443 only.",
  },
  {
    rules: inBothStandards('EC2RestrictedCommonPorts', 'EC2RestrictedSSH'),
    at: ['Database/SecurityGroup/from *', 'Keeping/Drill/RestoredSecurityGroup/from *'],
    reason:
      "The rule cannot read a reference to the instance's own port, which is 5432; only a security group is let in, and no range.",
  },

  // Servers and instances
  {
    rules: ['AwsSolutions-AS3'],
    at: ['Cluster/Instances/ASG'],
    reason:
      'Instances come and go with the load, by design; the group keeps its history, and alarms tell of too few servers.',
  },
  {
    rules: ['AwsSolutions-ECS2'],
    at: ['Service/Task/Resource'],
    reason:
      'The variables are settings that anybody may read; secrets are named by ARN and read when they are needed.',
  },

  {
    rules: ['AwsSolutions-ECS2'],
    at: ['Canary/Task/Resource'],
    reason:
      'The canary is told nothing by a variable but its token, which is a secret that ECS reads when it starts.',
  },

  // Roles
  {
    rules: inBothStandards('IAMNoInlinePolicy'),
    at: ['**/DefaultPolicy/Resource', 'Database/Monitoring/Resource'],
    reason:
      'Each policy is of one role, is made and deleted with it, and names resources of this stack: nobody could use it again.',
  },
  {
    rules: ARTIFACTS,
    at: ['Service/Task/TaskRole/DefaultPolicy/Resource'],
    reason:
      'Artifacts are the objects of this bucket: the servers read, write and delete every one of them, by name.',
  },
  {
    rules: [
      wide('*'),
      wide(`arn:<AWS::Partition>:ecs:${OWN}:container-instance/<ClusterC2E21B66>/*`),
      wide(`arn:<AWS::Partition>:ec2:${OWN}:instance/*`),
    ],
    at: ['Cluster/Role/DefaultPolicy/Resource'],
    reason:
      'An instance gets its id when it starts, which no template can name; the actions on * know no resource, as IAM says.',
  },
  {
    rules: [
      wide(
        `arn:<AWS::Partition>:autoscaling:${OWN}:autoScalingGroup:*:autoScalingGroupName/<ClusterInstancesASG3D8CEFCA>`,
      ),
    ],
    at: ['Cluster/RefreshRole/DefaultPolicy/Resource'],
    reason:
      'The group is named; the wildcard stands for a number that Auto Scaling puts before its name in the ARN.',
  },

  {
    rules: [wide('*')],
    at: ['Service/Task/ExecutionRole/DefaultPolicy/Resource'],
    reason:
      'To get a token of ECR is an action that knows no resource; the repository of the image is named.',
  },

  {
    rules: [
      wide('*'),
      ...ARTIFACTS,
      wide(`arn:<AWS::Partition>:rds:${OWN}:snapshot:awsbackup:*`),
      wide(`arn:<AWS::Partition>:events:${OWN}:rule/AwsBackupManagedRule*`),
    ],
    at: ['Keeping/Backups/Role/DefaultPolicy/Resource'],
    reason:
      'AWS Backup reads every object of this bucket, and names its own snapshots and rules; the actions on * know no resource.',
  },

  {
    rules: ARTIFACTS,
    at: ['Artifacts/ReplicationRole/DefaultPolicy/Resource'],
    reason:
      'S3 reads every object of this bucket as this role, and writes its copy under the same name to the replica.',
  },

  {
    rules: [wide('<KeepingDrillRestored8D4CB8C3.Arn>/*')],
    at: ['RestoreRole', 'TaskRole', 'Role'].map((role) => `Keeping/Drill/${role}/DefaultPolicy/Resource`),
    reason: 'All that is in this bucket is of a drill, which restores, reads and deletes every object of it.',
  },
  {
    rules: ['og', 'pg', 'subgrp'].map((kind) => wide(`arn:<AWS::Partition>:rds:${OWN}:${kind}:*`)),
    at: ['Keeping/Drill/RestoreRole/DefaultPolicy/Resource'],
    reason:
      'The backup says with which options, parameters and subnets the database was; the instance that uses them is named.',
  },
  {
    rules: [wide(`arn:<AWS::Partition>:rds:${OWN}:snapshot:awsbackup:*`)],
    at: ['RestoreRole', 'Role'].map((role) => `Keeping/Drill/${role}/DefaultPolicy/Resource`),
    reason: 'AWS Backup names its snapshots itself when it makes them; the drill reads, and removes none.',
  },
  {
    rules: [wide(`arn:<AWS::Partition>:secretsmanager:${OWN}:secret:rds!db-*`)],
    at: ['TaskRole', 'Role'].map((role) => `Keeping/Drill/${role}/DefaultPolicy/Resource`),
    reason:
      'RDS names the secret when it makes it: one role may have it made, the other read it only when it is of the restored instance.',
  },
  {
    rules: [
      wide('*'),
      wide(`arn:<AWS::Partition>:backup:${OWN}:recovery-point:*`),
      wide(`arn:<AWS::Partition>:ecs:${OWN}:task/*`),
    ],
    at: ['Keeping/Drill/Role/DefaultPolicy/Resource'],
    reason:
      'Backups and tasks get their ids when they are made; tasks are those of this cluster, and the actions on * know no resource.',
  },

  {
    rules: [wide(`arn:<AWS::Partition>:logs:${OWN}:log-group:RDSOSMetrics:log-stream:*`)],
    at: ['Database/Monitoring/Resource'],
    reason: 'RDS names the log group and its streams itself, by ids that an instance gets when it is made.',
  },

  // Database
  {
    rules: ['AwsSolutions-RDS11'],
    at: ['Database/Instance/Resource'],
    reason:
      'Only the security groups of the servers reach the instance; another port would hide it from nobody who is in them.',
  },
  {
    rules: ['AwsSolutions-RDS3', 'NIST.800.53.R5-RDSMultiAZSupport', 'CKV_AWS_157'],
    at: ['Database/Instance/Resource'],
    reason:
      'The profile lean has no standby, which is half its price: without its zone it waits, or is restored to the minute in another. The other profiles have one.',
  },

  // Buckets
  {
    rules: inBothStandards('S3BucketReplicationEnabled'),
    at: ['Artifacts/Bucket/Resource'],
    reason:
      'Every version is kept for a month; a copy in another bucket and region is a setting, artifacts.replica, as it doubles the cost.',
  },
  {
    rules: inBothStandards('S3BucketReplicationEnabled'),
    at: LOG_BUCKETS,
    reason:
      'Logs of access are no records of the service: what cannot be lost is in the audit log, which is elsewhere.',
  },
  {
    rules: inBothStandards('S3DefaultEncryptionKMS'),
    at: LOG_BUCKETS,
    reason:
      'S3 and load balancers deliver logs only to buckets that are encrypted with keys of S3, as this one is.',
  },
  {
    rules: ['CKV_AWS_18'],
    at: LOG_BUCKETS,
    reason: 'This bucket is where logs of access go; to log the delivery of logs would never end.',
  },

  {
    rules: ['AwsSolutions-S1', ...inBothStandards('S3BucketLoggingEnabled')],
    at: ['Edge/Logs/Bucket/Resource'],
    reason: 'This bucket is where logs of the load balancer go; to log the delivery of logs would never end.',
  },

  {
    rules: [...inBothStandards('S3BucketReplicationEnabled', 'S3BucketVersioningEnabled'), 'CKV_AWS_21'],
    at: ['Keeping/Drill/Restored/Resource'],
    reason:
      'What is in it is a copy of artifacts that a drill makes and destroys: a version or another copy would outlive the drill.',
  },

  // Secrets
  {
    rules: ['AwsSolutions-SMG4', 'NIST.800.53.R5-SecretsManagerRotationEnabled'],
    at: ['SignOnSecrets/AdminPassword/Resource', 'SignOnSecrets/SessionKey/Resource'],
    reason:
      'The one is for the first start only, and a person changes it then; a new one of the other ends every session, so a person decides when.',
  },

  // What CDK makes
  {
    rules: ['CKV_AWS_115', 'CKV_AWS_116', 'CKV_AWS_117'],
    at: ['Custom::VpcRestrictDefaultSGCustomResourceProvider/Handler'],
    reason:
      "CDK's own function runs only while the stack is deployed: its failure fails that, one call at a time, and it talks to EC2 only.",
  },
  {
    rules: ['W3005'],
    at: ['**'],
    reason:
      'CDK writes DependsOn for whole constructs, beside references that say the same; it changes nothing.',
  },
]
