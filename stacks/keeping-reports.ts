import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { givenTopic } from './given-topic.ts'
import type { WatchingOptions } from './options/watching.ts'

/** Who is told of backups and drills: those who are told of alarms. */
export function reportsTo(
  scope: Construct,
  options: WatchingOptions,
): { topic?: ITopic; emails?: readonly string[] } {
  const topic = givenTopic(scope, 'ReportTopic', options)
  return topic ? { topic } : { emails: options.emails }
}
