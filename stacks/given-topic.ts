import { Annotations } from 'aws-cdk-lib'
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import type { WatchingOptions } from './options/watching.ts'

/** The topic that is there already, where one is named. */
export function givenTopic(
  scope: Construct,
  id: string,
  { topicArn, topicKeyArn }: WatchingOptions,
): ITopic | undefined {
  if (topicArn === undefined) return undefined
  return Topic.fromTopicAttributes(scope, id, { topicArn, ...(topicKeyArn && { keyArn: topicKeyArn }) })
}

/** No stack can look at the policies of what it was given, and what they refuse is lost without a word. */
export function tellWhatTopicNeeds(scope: Construct, { topicArn }: WatchingOptions): void {
  if (topicArn === undefined) return
  Annotations.of(scope).addInfoV2(
    'trackyard:given-topic',
    `watching.topicArn: the policy of ${topicArn} must let cloudwatch.amazonaws.com, budgets.amazonaws.com and backup.amazonaws.com publish, ` +
      'and that of its key must let them use kms:Decrypt and kms:GenerateDataKey; with the key of SNS itself they cannot publish at all',
  )
}
