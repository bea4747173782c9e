import { Stack } from 'aws-cdk-lib'
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as scheduler from 'aws-cdk-lib/aws-scheduler'
import * as targets from 'aws-cdk-lib/aws-scheduler-targets'
import type { Construct } from 'constructs'

/** A new instance is there before an old one goes, and ECS empties the old one first. */
const PREFERENCES = { MinHealthyPercentage: 100, MaxHealthyPercentage: 110, InstanceWarmup: 60 } as const

/**
 * Replaces every instance at 03:00 UTC so often that none is older than `days`. A group's own maximum lifetime does
 * not reach instances that ECS protects, which are all that run containers.
 */
export function refreshInstances(
  scope: Construct,
  group: autoscaling.AutoScalingGroup,
  days: number,
): scheduler.Schedule {
  const { partition, region, account } = Stack.of(scope)
  const name = `autoScalingGroupName/${group.autoScalingGroupName}`
  return new scheduler.Schedule(scope, 'Refresh', {
    description: `Replaces instances before they are older than ${days} days`,
    schedule: scheduler.ScheduleExpression.cron({ minute: '0', hour: '3', day: `1/${days}` }),
    target: new targets.Universal({
      service: 'autoscaling',
      action: 'startInstanceRefresh',
      role: new iam.Role(scope, 'RefreshRole', {
        assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
          conditions: { StringEquals: { 'aws:SourceAccount': account } },
        }),
      }),
      input: scheduler.ScheduleTargetInput.fromObject({
        AutoScalingGroupName: group.autoScalingGroupName,
        Preferences: {
          ...PREFERENCES,
          ScaleInProtectedInstances: autoscaling.ScaleInProtectedInstances.REFRESH,
          SkipMatching: false,
        },
      }),
      policyStatements: [
        new iam.PolicyStatement({
          actions: ['autoscaling:StartInstanceRefresh'],
          resources: [`arn:${partition}:autoscaling:${region}:${account}:autoScalingGroup:*:${name}`],
        }),
      ],
    }),
  })
}
