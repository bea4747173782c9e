import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'

/** AWS reports such a figure only where there is something to report. */
export const SILENCE_IS_GOOD = { treatMissingData: TreatMissingData.NOT_BREACHING }
/** A figure that always comes: without it the thing itself is gone. */
export const SILENCE_IS_BAD = { treatMissingData: TreatMissingData.BREACHING }
export interface AlarmDefinition {
  readonly metric: IMetric
  readonly threshold: number
  /** @default at least the threshold */
  readonly comparisonOperator?: ComparisonOperator
  /** Of the last so many periods … */
  readonly evaluationPeriods: number
  /** … so many are beyond the threshold. @default all */
  readonly datapointsToAlarm?: number
  /** What silence means. */
  readonly treatMissingData: TreatMissingData
  /** What it is, and what to do next. */
  readonly alarmDescription: string
}

export function newAlarm(scope: Construct, id: string, definition: AlarmDefinition, topic: ITopic): Alarm {
  const { comparisonOperator = ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD } = definition
  const alarm = new Alarm(scope, id, { ...definition, comparisonOperator })
  tell(topic, alarm)
  return alarm
}

/** When it begins, and when it is over. */
export function tell(topic: ITopic, alarm: Alarm): void {
  alarm.addAlarmAction(new SnsAction(topic))
  alarm.addOkAction(new SnsAction(topic))
}
