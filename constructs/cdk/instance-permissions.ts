import { ArnFormat, Stack } from 'aws-cdk-lib'
import type * as ecs from 'aws-cdk-lib/aws-ecs'
import * as iam from 'aws-cdk-lib/aws-iam'

/** What an instance of a cluster may do: be one of its instances, and be entered by Session Manager. */
export function instancePermissions(cluster: ecs.ICluster): iam.PolicyStatement[] {
  const stack = Stack.of(cluster)
  const arn = (service: string, resource: string, resourceName: string) =>
    stack.formatArn({ service, resource, resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME })
  return [
    new iam.PolicyStatement({
      sid: 'JoinCluster',
      actions: [
        'ecs:DeregisterContainerInstance',
        'ecs:RegisterContainerInstance',
        'ecs:SubmitAttachmentStateChanges',
        'ecs:SubmitContainerStateChange',
        'ecs:SubmitTaskStateChange',
      ],
      resources: [cluster.clusterArn],
    }),
    new iam.PolicyStatement({
      sid: 'HearOfTasks',
      actions: ['ecs:Poll', 'ecs:StartTelemetrySession'],
      resources: [arn('ecs', 'container-instance', `${cluster.clusterName}/*`)],
      conditions: { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
    }),
    new iam.PolicyStatement({
      sid: 'BeManaged',
      actions: ['ssm:UpdateInstanceInformation'],
      resources: [arn('ec2', 'instance', '*')],
    }),
    new iam.PolicyStatement({
      sid: 'NoResourceToName',
      actions: [
        'ecs:DiscoverPollEndpoint',
        'ssmmessages:CreateControlChannel',
        'ssmmessages:CreateDataChannel',
        'ssmmessages:OpenControlChannel',
        'ssmmessages:OpenDataChannel',
      ],
      resources: ['*'],
    }),
  ]
}
