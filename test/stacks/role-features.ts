/** Why each role of the stack may do what it may: every feature with the requests to AWS that it makes. */
import { ARTIFACT_PERMISSIONS, type Permissions } from '../../constructs/cdk/artifact-permissions.ts'
import { DRILL_FEATURES } from './drill-features.ts'
import { COPY_FEATURE, OPTIONAL_FEATURES } from './optional-features.ts'
import {
  ACCOUNT,
  artifactRequests,
  type Feature,
  keyRequests,
  logRequests,
  ownArn,
  REGION,
  reference,
  requests,
} from './role-requests.ts'

/** It is the last part of the ARN. */
const PROXY_ID = '{"Fn::Select":[6,{"Fn::Split":[":",{"Fn::GetAtt":["DatabaseProxy","DBProxyArn"]}]}]}'
const MASTER = 'DatabaseInstance.MasterUserSecret.SecretArn'

/** By the logical id of the role without its hash; resources are named likewise. */
export const ROLE_FEATURES: Readonly<Record<string, readonly Feature[]>> = {
  ServiceTaskTaskRole: [
    ...Object.entries<Permissions>(ARTIFACT_PERMISSIONS).map(([name, permissions]) => ({
      name: `artifacts: ${name}`,
      needs: artifactRequests(permissions, { bucket: 'ArtifactsBucket', key: 'ArtifactsKey' }),
    })),
    {
      name: 'log in to the database with a token',
      needs: loginRequests(reference('DatabaseInstance.DbiResourceId')),
      profiles: ['lean', 'standard', 'regulated'],
    },
    {
      name: 'log in to the proxy of the database with a token',
      needs: loginRequests(PROXY_ID),
      profiles: ['internet-facing'],
    },
  ],
  DatabaseProxyRole: [
    {
      name: 'log in to the database with a token, for who has logged in to the proxy',
      needs: loginRequests(reference('DatabaseInstance.DbiResourceId')),
    },
  ],
  ServiceTaskExecutionRole: [
    { name: 'write the log of a container', needs: logRequests('ServiceLog') },
    {
      name: 'give a container the secrets of sign-on, and of who prepares the database',
      needs: [
        ...['SignOnSecretsAdminPassword', 'SignOnSecretsSessionKey', MASTER].flatMap((secret) =>
          requests(reference(secret), 'secretsmanager:GetSecretValue'),
        ),
        ...['SignOnSecretsKey', 'DatabaseKey'].flatMap((key) =>
          keyRequests(key, 'secretsmanager', 'kms:Decrypt'),
        ),
      ],
    },
    {
      name: 'pull the image that CDK built',
      needs: [
        ...requests(
          ownArn('ecr', `repository/cdk-hnb659fds-container-assets-${ACCOUNT}-${REGION}`),
          'ecr:BatchCheckLayerAvailability',
          'ecr:BatchGetImage',
          'ecr:GetDownloadUrlForLayer',
        ),
        ...requests('*', 'ecr:GetAuthorizationToken'),
      ],
      profiles: ['standard'],
    },
  ],
  ClusterRole: [
    {
      name: 'join the cluster, and leave it',
      needs: [
        ...requests(
          reference('Cluster.Arn'),
          'ecs:RegisterContainerInstance',
          'ecs:DeregisterContainerInstance',
        ),
        ...requests('*', 'ecs:DiscoverPollEndpoint'),
      ],
    },
    {
      name: 'hear which tasks to run',
      needs: requests(
        ownArn('ecs', `container-instance/${reference('Cluster')}/0a1b`),
        'ecs:Poll',
        'ecs:StartTelemetrySession',
      ).map((request) => ({ ...request, context: { 'ecs:cluster': reference('Cluster.Arn') } })),
    },
    {
      name: 'say how its tasks are',
      needs: requests(
        reference('Cluster.Arn'),
        'ecs:SubmitTaskStateChange',
        'ecs:SubmitContainerStateChange',
        'ecs:SubmitAttachmentStateChanges',
      ),
    },
    {
      name: 'be entered by Session Manager',
      needs: [
        ...requests(ownArn('ec2', 'instance/i-0a1b'), 'ssm:UpdateInstanceInformation'),
        ...requests(
          '*',
          'ssmmessages:CreateControlChannel',
          'ssmmessages:CreateDataChannel',
          'ssmmessages:OpenControlChannel',
          'ssmmessages:OpenDataChannel',
        ),
      ],
    },
  ],
  ClusterRefreshRole: [
    {
      name: 'renew the instances',
      needs: requests(
        ownArn(
          'autoscaling',
          `autoScalingGroup:0a1b:autoScalingGroupName/${reference('ClusterInstancesASG')}`,
        ),
        'autoscaling:StartInstanceRefresh',
      ),
    },
  ],
  DatabaseMonitoring: [
    {
      name: "write figures of the database's operating system, where RDS does for every instance",
      needs: [
        ...requests(
          ownArn('logs', 'log-group:RDSOSMetrics'),
          'logs:CreateLogGroup',
          'logs:PutRetentionPolicy',
        ),
        ...requests(
          ownArn('logs', 'log-group:RDSOSMetrics:log-stream:db-0a1b'),
          'logs:CreateLogStream',
          'logs:DescribeLogStreams',
          'logs:GetLogEvents',
          'logs:PutLogEvents',
        ),
      ],
    },
  ],
  KeepingBackupsRole: [
    {
      name: 'back the database up, and let old backups go',
      needs: [
        ...[`db:${reference('DatabaseInstance')}`, 'snapshot:awsbackup:0a1b'].flatMap((resource) =>
          requests(
            ownArn('rds', resource),
            'rds:AddTagsToResource',
            'rds:CreateDBSnapshot',
            'rds:DescribeDBInstances',
            'rds:DescribeDBSnapshots',
            'rds:ListTagsForResource',
          ),
        ),
        ...requests(ownArn('rds', 'snapshot:awsbackup:0a1b'), 'rds:CopyDBSnapshot', 'rds:DeleteDBSnapshot'),
        ...requests(reference('DatabaseKey.Arn'), 'kms:DescribeKey', 'kms:CreateGrant').map((request) => ({
          ...request,
          context: { 'kms:GrantIsForAWSResource': 'true' },
        })),
      ],
    },
    {
      name: 'back the bucket up, with what AWS Backup has to hear of it',
      needs: [
        ...requests(
          reference('ArtifactsBucket.Arn'),
          's3:GetBucketAcl',
          's3:GetBucketLocation',
          's3:GetBucketNotification',
          's3:GetBucketTagging',
          's3:GetBucketVersioning',
          's3:GetInventoryConfiguration',
          's3:ListBucket',
          's3:ListBucketVersions',
          's3:PutBucketNotification',
          's3:PutInventoryConfiguration',
        ),
        ...requests(
          `${reference('ArtifactsBucket.Arn')}/1/0a1b/artifacts/model.pkl`,
          's3:GetObject',
          's3:GetObjectAcl',
          's3:GetObjectTagging',
          's3:GetObjectVersion',
          's3:GetObjectVersionAcl',
          's3:GetObjectVersionTagging',
        ),
        ...keyRequests('ArtifactsKey', 's3', 'kms:Decrypt', 'kms:DescribeKey'),
        ...requests(
          ownArn('events', 'rule/AwsBackupManagedRule0a1b'),
          'events:DeleteRule',
          'events:DescribeRule',
          'events:DisableRule',
          'events:EnableRule',
          'events:ListTargetsByRule',
          'events:PutRule',
          'events:PutTargets',
          'events:RemoveTargets',
        ),
        ...requests('*', 'cloudwatch:GetMetricData', 'events:ListRules'),
      ],
    },
    {
      name: 'keep the backups in the vault',
      needs: [
        ...requests(
          reference('KeepingBackupsVault.BackupVaultArn'),
          'backup:CopyIntoBackupVault',
          'backup:DescribeBackupVault',
        ),
        ...requests(reference('KeepingKey.Arn'), 'kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'),
      ],
    },
    COPY_FEATURE,
  ],
  ...DRILL_FEATURES,
  ...OPTIONAL_FEATURES,
  NetworkVpcAllIAMRole: [
    {
      name: 'log the traffic of the VPC',
      needs: [
        ...logRequests('NetworkFlowLog'),
        ...requests(reference('NetworkFlowLog.Arn'), 'logs:DescribeLogStreams'),
      ],
    },
  ],
  CustomVpcRestrictDefaultSGCustomResourceProviderRole: [
    {
      name: 'take the rules out of the default security group of the VPC',
      needs: requests(
        ownArn('ec2', `security-group/${reference('NetworkVpc.DefaultSecurityGroup')}`),
        'ec2:AuthorizeSecurityGroupIngress',
        'ec2:AuthorizeSecurityGroupEgress',
        'ec2:RevokeSecurityGroupIngress',
        'ec2:RevokeSecurityGroupEgress',
      ),
    },
  ],
}

function loginRequests(database: string) {
  return requests(ownArn('rds-db', `dbuser:${database}/trackyard`), 'rds-db:connect')
}
