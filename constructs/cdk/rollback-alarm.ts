import { Duration, Names } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { Construct } from 'constructs'

/** Its name is known before it is made, so a service can name it and it can watch the service's targets. */
export interface RollbackAlarm {
  readonly alarm: cloudwatch.Alarm
  readonly alarmName: string
}

/** Rings when servers fail requests: new ones that come up and then answer with errors. */
export function rollbackAlarm(
  scope: Construct,
  targetGroup: elb.ApplicationTargetGroup,
  errorsPerMinute: number,
): RollbackAlarm {
  const inside = new Construct(scope, 'FailedRequests')
  const alarmName = Names.uniqueResourceName(inside, { maxLength: 200, separator: '-' })
  const alarm = new cloudwatch.Alarm(inside, 'Alarm', {
    alarmName,
    alarmDescription:
      'Servers fail requests: a deployment that goes on is rolled back. Next: ECS, the service, Deployments, says whether one was; then Logs Insights, saved query "errors by route".',
    metric: targetGroup.metrics.httpCodeTarget(elb.HttpCodeTarget.TARGET_5XX_COUNT, {
      period: Duration.minutes(1),
      statistic: cloudwatch.Stats.SUM,
    }),
    threshold: errorsPerMinute,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    evaluationPeriods: 3,
    datapointsToAlarm: 2,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  })
  return { alarm, alarmName }
}
