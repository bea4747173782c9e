import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as sns from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import { Construct } from 'constructs'

export interface NewAlarmTopicProps {
  /**
   * Addresses of e-mail that are told; each must follow the link in a first letter.
   * @default none: subscribe a pager or a chat to the topic
   */
  readonly emails?: readonly string[]
  readonly topic?: never
}

export interface ExistingAlarmTopicProps {
  /** One that CloudWatch and AWS Budgets may publish to; where it has a key, they must be allowed to use that too. */
  readonly topic: sns.ITopic
  readonly emails?: never
}

const PUBLISHERS = ['budgets', 'cloudwatch']

/** The one place that alarms go to: encrypted, TLS only, and only AWS's own services of this account publish to it. */
export class AlarmTopic extends Construct {
  readonly topic: sns.ITopic

  constructor(scope: Construct, id: string, props: NewAlarmTopicProps | ExistingAlarmTopicProps = {}) {
    super(scope, id)
    this.topic = props.topic ?? this.makeTopic(props.emails ?? [])
  }

  private makeTopic(emails: readonly string[]): sns.Topic {
    // SNS's own key lets no other service publish.
    const masterKey = new kms.Key(this, 'Key', {
      description: 'Messages of alarms',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    masterKey.addToResourcePolicy(this.allowPublishers(['kms:Decrypt', 'kms:GenerateDataKey'], ['*']))
    const topic = new sns.Topic(this, 'Topic', { displayName: 'Trackyard', masterKey, enforceSSL: true })
    // A topic with a policy has lost the one that let its account publish.
    topic.addToResourcePolicy(this.allowPublishers(['sns:Publish'], [topic.topicArn]))
    for (const email of emails) topic.addSubscription(new EmailSubscription(email))
    return topic
  }

  /** Of this account only: anybody may make an alarm that names a topic of others. */
  private allowPublishers(actions: string[], resources: string[]): iam.PolicyStatement {
    return new iam.PolicyStatement({
      principals: PUBLISHERS.map((name) => new iam.ServicePrincipal(`${name}.amazonaws.com`)),
      actions,
      resources,
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
    })
  }
}
