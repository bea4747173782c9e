import { Template } from 'aws-cdk-lib/assertions'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { CfnTopic, Topic } from 'aws-cdk-lib/aws-sns'
import { describe, expect, it } from 'vitest'
import { AlarmTopic } from '../../../constructs/cdk/alarm-topic.ts'
import { newLogKey } from '../../../constructs/cdk/log-key.ts'
import { MonthlyBudget } from '../../../constructs/cdk/monthly-budget.ts'
import { emptyStack, onlyResource, type Resource } from './stack.ts'

const PUBLISHERS = ['budgets.amazonaws.com', 'cloudwatch.amazonaws.com']
const OF_THIS_ACCOUNT = { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } }

describe('the topic of alarms', () => {
  it('refuses what is not TLS, and takes messages of its account through two services only', () => {
    const stack = emptyStack()
    new AlarmTopic(stack, 'Alarms')
    const { Statement } = onlyResource(stack, 'AWS::SNS::TopicPolicy').Properties.PolicyDocument
    expect(Statement).toEqual([
      expect.objectContaining({
        Effect: 'Deny',
        Principal: '*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
      {
        Effect: 'Allow',
        Action: 'sns:Publish',
        Sid: expect.anything(),
        Principal: { Service: PUBLISHERS },
        Resource: { Ref: expect.stringMatching(/^AlarmsTopic/) },
        Condition: OF_THIS_ACCOUNT,
      },
    ])
  })

  it('is encrypted with a key that they may use', () => {
    const stack = emptyStack()
    new AlarmTopic(stack, 'Alarms')
    const key = { 'Fn::GetAtt': [expect.stringMatching(/^AlarmsKey/), 'Arn'] }
    expect(onlyResource(stack, 'AWS::SNS::Topic').Properties.KmsMasterKeyId).toEqual(key)
    const { KeyPolicy, EnableKeyRotation } = onlyResource(stack, 'AWS::KMS::Key').Properties
    expect(EnableKeyRotation).toBe(true)
    expect(KeyPolicy.Statement.slice(1)).toEqual([
      {
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Principal: { Service: PUBLISHERS },
        Resource: '*',
        Condition: OF_THIS_ACCOUNT,
      },
    ])
  })

  it('writes to whom it is told', () => {
    const stack = emptyStack()
    new AlarmTopic(stack, 'Alarms', { emails: ['on-call@example.com', 'ada@example.com'] })
    const subscriptions = Object.values(Template.fromStack(stack).findResources('AWS::SNS::Subscription'))
    expect(subscriptions.map(({ Properties }) => [Properties.Protocol, Properties.Endpoint])).toEqual(
      expect.arrayContaining([
        ['email', 'on-call@example.com'],
        ['email', 'ada@example.com'],
      ]),
    )
  })

  it('may be one that is there: then nothing is made', () => {
    const stack = emptyStack()
    const topic = Topic.fromTopicArn(stack, 'Given', 'arn:aws:sns:eu-central-1:123456789012:pager')
    expect(new AlarmTopic(stack, 'Alarms', { topic }).topic).toBe(topic)
    expect(stack.node.findAll().some((one) => one instanceof CfnTopic)).toBe(false)
    // @ts-expect-error a topic that is there has its subscribers
    const both = () => new AlarmTopic(stack, 'Both', { topic, emails: ['ada@example.com'] })
    expect(both).toBeTypeOf('function')
  })
})

describe('a monthly budget', () => {
  it('tells the topic when most of it is spent, and when the month will cost more', () => {
    const { Budget, NotificationsWithSubscribers } = withBudget()
    expect(Budget).toMatchObject({
      BudgetLimit: { Amount: 1500, Unit: 'USD' },
      TimeUnit: 'MONTHLY',
      BudgetType: 'COST',
    })
    expect(Budget.CostFilters).toBeUndefined()
    expect(
      NotificationsWithSubscribers.map(({ Notification, Subscribers }: Resource) => [
        Notification.NotificationType,
        Notification.Threshold,
        Subscribers[0].Address.Ref,
      ]),
    ).toEqual([
      ['ACTUAL', 80, expect.stringMatching(/^AlarmsTopic/)],
      ['FORECASTED', 100, expect.stringMatching(/^AlarmsTopic/)],
    ])
  })

  it('counts what has a tag, where it is told one', () => {
    expect(withBudget({ name: 'team', value: 'ml' }).Budget.CostFilters).toEqual({
      TagKeyValue: ['user:team$ml'],
    })
  })
})

function withBudget(costTag?: { name: string; value: string }): Resource {
  const stack = emptyStack()
  const { topic } = new AlarmTopic(stack, 'Alarms')
  new MonthlyBudget(stack, 'Budget', { usd: 1500, topic, ...(costTag && { costTag }) })
  const budget = onlyResource(stack, 'AWS::Budgets::Budget')
  expect(budget.DependsOn).toContainEqual(expect.stringMatching(/^AlarmsTopicPolicy/))
  return budget.Properties
}

it('a key for logs is for log groups of this account and region, and stays', () => {
  const stack = emptyStack()
  new LogGroup(stack, 'Log', { encryptionKey: newLogKey(stack, 'Key') })
  const key = onlyResource(stack, 'AWS::KMS::Key')
  expect(key.DeletionPolicy).toBe('Retain')
  const [, statement] = key.Properties.KeyPolicy.Statement
  expect(JSON.stringify(statement.Principal)).toMatch(/"logs\.".*"AWS::Region"/)
  expect(JSON.stringify(statement.Condition)).toMatch(
    /"kms:EncryptionContext:aws:logs:arn".*:logs:.*AWS::Region.*AWS::AccountId.*:log-group:\*/,
  )
  expect(statement.Action).not.toContainEqual(expect.stringContaining('*'))
})
