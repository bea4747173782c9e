import { Duration } from 'aws-cdk-lib'
import type * as ec2 from 'aws-cdk-lib/aws-ec2'
import type * as ecs from 'aws-cdk-lib/aws-ecs'
import * as scheduler from 'aws-cdk-lib/aws-scheduler'
import * as targets from 'aws-cdk-lib/aws-scheduler-targets'
import { Construct } from 'constructs'

/** Where a container of the servers' image runs beside them. */
export interface TaskPlace {
  readonly cluster: ecs.ICluster
  readonly taskDefinition: ecs.TaskDefinition
  /** Capacity provider of the cluster. */
  readonly capacityProviderName: string
  readonly vpcSubnets: ec2.SubnetSelection
  readonly securityGroups: ec2.ISecurityGroup[]
  /** What may be reached on port 443. @default any address */
  readonly httpsPeers?: readonly ec2.IPeer[] | undefined
}

export interface GarbageCollectionProps extends TaskPlace {
  /**
   * When, as EventBridge Scheduler has it, in UTC.
   * @default cron(0 4 ? * SUN *): Sundays at 04:00
   */
  readonly schedule?: string | undefined
  /**
   * Only what was deleted so many days ago.
   * @default 30
   */
  readonly olderThanDays?: number | undefined
  /**
   * Remove it for good.
   * @default false: the log says what would be removed
   */
  readonly delete?: boolean | undefined
}

/** Runs `trackyard gc` on a schedule: a container like those of the servers, with another command. */
export class GarbageCollection extends Construct {
  constructor(scope: Construct, id: string, props: GarbageCollectionProps) {
    super(scope, id)
    const { schedule = 'cron(0 4 ? * SUN *)', olderThanDays = 30 } = props
    const command = [
      'gc',
      '--uploads',
      `--older-than=${olderThanDays}d`,
      ...(props.delete ? ['--delete'] : []),
    ]
    new scheduler.Schedule(this, 'Schedule', {
      description: 'Removes for good what was deleted',
      schedule: scheduler.ScheduleExpression.expression(schedule),
      target: new targets.EcsRunEc2Task(props.cluster, {
        taskDefinition: props.taskDefinition,
        capacityProviderStrategies: [{ capacityProvider: props.capacityProviderName, weight: 1 }],
        vpcSubnets: props.vpcSubnets,
        securityGroups: props.securityGroups,
        // A second collection ends what the first has left; one that never fits waits for next week.
        retryAttempts: 2,
        maxEventAge: Duration.hours(1),
        input: scheduler.ScheduleTargetInput.fromObject({
          containerOverrides: [{ name: containerOf(props.taskDefinition), command }],
        }),
      }),
    })
  }
}

/** Name of the container that a command is for. */
export function containerOf({ defaultContainer }: ecs.TaskDefinition): string {
  if (!defaultContainer) throw new Error('taskDefinition has no essential container')
  return defaultContainer.containerName
}
