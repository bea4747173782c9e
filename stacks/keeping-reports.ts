import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import type { WatchingOptions } from './options/watching.ts'

/** Who is told of backups and drills: those who are told of alarms. */
export function reportsTo(
  scope: Construct,
  { topicArn, emails }: WatchingOptions,
): { topic?: ITopic; emails?: readonly string[] } {
  return topicArn ? { topic: Topic.fromTopicArn(scope, 'ReportTopic', topicArn) } : { emails }
}
