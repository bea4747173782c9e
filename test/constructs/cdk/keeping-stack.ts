/** A stack that keeps a database and a bucket, with a task that stands for the servers'. */
import type { Stack } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import { ArtifactBucket } from '../../../constructs/cdk/artifact-bucket.ts'
import { Database } from '../../../constructs/cdk/database.ts'
import { Keeping, type KeepingProps } from '../../../constructs/cdk/keeping.ts'
import { emptyStack, onlyResource, plainVpc, type Resource } from './stack.ts'
import type { State } from './state-machine.ts'

export function keepingStack(props: Partial<KeepingProps>): { stack: Stack; keeping: Keeping } {
  const stack = emptyStack()
  const vpc = plainVpc(stack)
  const database = new Database(stack, 'Database', { vpc, proxy: {} })
  const taskDefinition = new ecs.Ec2TaskDefinition(stack, 'Task', { networkMode: ecs.NetworkMode.AWS_VPC })
  taskDefinition.addContainer('server', {
    image: ecs.ContainerImage.fromRegistry('trackyard'),
    memoryLimitMiB: 512,
    logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'server' }),
  })
  const keeping = new Keeping(stack, 'Keeping', {
    artifacts: new ArtifactBucket(stack, 'Artifacts'),
    database,
    task: {
      cluster: new ecs.Cluster(stack, 'Cluster', { vpc }),
      taskDefinition,
      capacityProviderName: 'instances',
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [new ec2.SecurityGroup(stack, 'Servers', { vpc })],
    },
    ...props,
  })
  return { stack, keeping }
}

/** The definition as it is deployed, each reference to another resource by its name. */
export function drillDefinition(): { StartAt: string; States: Record<string, State> } {
  const { stack } = keepingStack({ backup: {}, drill: {} })
  const { DefinitionString } = onlyResource(stack, 'AWS::StepFunctions::StateMachine').Properties
  const parts: (string | Resource)[] = DefinitionString['Fn::Join'][1]
  return JSON.parse(parts.map((part) => (typeof part === 'string' ? part : nameOf(part))).join(''))
}

function nameOf(reference: Resource): string {
  const target: string = reference.Ref ?? reference['Fn::GetAtt'][0]
  return `<${target.replace(/[0-9A-F]{8}$/, '')}>`
}
