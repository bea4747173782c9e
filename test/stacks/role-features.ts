/** Why each role of the stack may do what it may: every feature with the requests to AWS that it makes. */
import { ARTIFACT_PERMISSIONS, type Permissions } from '../../constructs/cdk/artifact-permissions.ts'
import type { Request } from './policy-simulator.ts'

export interface Feature {
  readonly name: string
  readonly needs: readonly Request[]
  /** Where a setting turns it on: the profiles that do. @default all */
  readonly profiles?: readonly string[]
}

const REGION = reference('AWS::Region')
const ACCOUNT = reference('AWS::AccountId')

/** By the logical id of the role without its hash; resources are named likewise. */
export const ROLE_FEATURES: Readonly<Record<string, readonly Feature[]>> = {
  ServiceTaskTaskRole: [
    ...Object.entries<Permissions>(ARTIFACT_PERMISSIONS).map(([name, permissions]) => ({
      name: `artifacts: ${name}`,
      needs: artifactRequests(permissions),
    })),
    {
      name: 'read the password of the database when a connection opens',
      needs: [
        ...requests(
          reference('DatabaseInstance.MasterUserSecret.SecretArn'),
          'secretsmanager:GetSecretValue',
        ),
        ...keyRequests('DatabaseKey', 'secretsmanager', 'kms:Decrypt'),
      ],
    },
  ],
  ServiceTaskExecutionRole: [
    { name: 'write the log of a container', needs: logRequests('ServiceLog') },
    {
      // ECS asks for the value only; CDK lets who reads a secret describe it too.
      name: 'give the secrets of sign-on to a container',
      needs: [
        ...['AdminPassword', 'SessionKey'].flatMap((secret) =>
          requests(
            reference(`SignOnSecrets${secret}`),
            'secretsmanager:GetSecretValue',
            'secretsmanager:DescribeSecret',
          ),
        ),
        ...keyRequests('SignOnSecretsKey', 'secretsmanager', 'kms:Decrypt'),
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

function artifactRequests({ bucket = [], objects = [], key = [] }: Permissions): Request[] {
  const artifacts = reference('ArtifactsBucket.Arn')
  return [
    ...requests(artifacts, ...bucket),
    ...requests(`${artifacts}/1/0a1b/artifacts/model.pkl`, ...objects),
    ...keyRequests('ArtifactsKey', 's3', ...key),
  ]
}

/** A key is asked by the service that encrypts with it, for whoever asked that service. */
function keyRequests(key: string, service: string, ...actions: string[]): Request[] {
  const context = { 'kms:ViaService': `${service}.${REGION}.amazonaws.com` }
  return requests(reference(`${key}.Arn`), ...actions).map((request) => ({ ...request, context }))
}

function logRequests(group: string): Request[] {
  return requests(reference(`${group}.Arn`), 'logs:CreateLogStream', 'logs:PutLogEvents')
}

function requests(resource: string, ...actions: string[]): Request[] {
  const context = { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' }
  return actions.map((action) => ({ action, resource, context }))
}

/** Of something in the account and region of the stack. */
function ownArn(service: string, resource: string): string {
  return `arn:${reference('AWS::Partition')}:${service}:${REGION}:${ACCOUNT}:${resource}`
}

function reference(logicalId: string): string {
  return `\${${logicalId}}`
}
