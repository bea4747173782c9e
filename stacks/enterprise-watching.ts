/** Who is told when something is wrong with an EnterpriseStack. */
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import { Key } from 'aws-cdk-lib/aws-kms'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import { tell } from '../constructs/cdk/alarm.ts'
import { AlarmTopic } from '../constructs/cdk/alarm-topic.ts'
import { Canary, type CanaryProps } from '../constructs/cdk/canary.ts'
import { MonthlyBudget } from '../constructs/cdk/monthly-budget.ts'
import type { Watched } from '../constructs/cdk/watched-metrics.ts'
import { Watching } from '../constructs/cdk/watching.ts'
import { givenTopic, tellWhatTopicNeeds } from './given-topic.ts'
import type { WatchingOptions } from './options/watching.ts'

interface WatchedStack {
  readonly watched: Watched
  readonly logGroup: ILogGroup
  /** Alarms of the parts themselves, which tell nobody yet. */
  readonly alarms: readonly Alarm[]
  /** Where and how a canary runs. */
  readonly canary: Omit<CanaryProps, 'topic' | 'token' | 'everyMinutes'>
}

export function watchStack(scope: Construct, options: WatchingOptions, stack: WatchedStack): Watching {
  const { emails, monthlyBudgetUsd, costTag } = options
  const given = givenTopic(scope, 'GivenTopic', options)
  tellWhatTopicNeeds(scope, options)
  const { topic } = new AlarmTopic(scope, 'AlarmTopic', given ? { topic: given } : { emails })
  const canary =
    options.canary &&
    new Canary(scope, 'Canary', { ...stack.canary, ...tokenOf(scope, options.canary), topic })
  if (monthlyBudgetUsd !== undefined) {
    new MonthlyBudget(scope, 'Budget', { usd: monthlyBudgetUsd, topic, ...(costTag && { costTag }) })
  }
  const { watched, logGroup, alarms } = stack
  for (const alarm of alarms) tell(topic, alarm)
  const moreAlarms = canary ? [...alarms, canary.alarm] : alarms
  return new Watching(scope, 'Watching', { watched, logGroup, topic, thresholds: options, moreAlarms })
}

function tokenOf(scope: Construct, canary: NonNullable<WatchingOptions['canary']>) {
  const { tokenSecretArn, tokenKeyArn, everyMinutes } = canary
  const token = Secret.fromSecretAttributes(scope, 'CanaryToken', {
    secretCompleteArn: tokenSecretArn,
    ...(tokenKeyArn && { encryptionKey: Key.fromKeyArn(scope, 'CanaryTokenKey', tokenKeyArn) }),
  })
  return { token, everyMinutes }
}
