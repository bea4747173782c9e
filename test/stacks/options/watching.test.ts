import { Annotations, Match, Template } from 'aws-cdk-lib/assertions'
import { expect, it } from 'vitest'
import { readEnterpriseOptions } from '../../../stacks/enterprise-options.ts'
import { type Resource, statementsOf } from '../../constructs/cdk/stack.ts'
import { EDGE, enterpriseStack } from '../enterprise-synth.ts'

const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:canary-AbCdEf'
const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555'
const TOPIC = 'arn:aws:sns:eu-central-1:123456789012:pager'

it('a stack tells whom it is told, watches its cost, and sends a canary', () => {
  const watching = {
    emails: ['on-call@example.com'],
    refusals: 7,
    connections: 160,
    monthlyBudgetUsd: 1500,
    canary: { tokenSecretArn: SECRET, everyMinutes: 10 },
  }
  const template = Template.fromStack(enterpriseStack({ watching, image: 'trackyard:1.2.3' }))
  template.hasResourceProperties('AWS::SNS::Subscription', { Endpoint: 'on-call@example.com' })
  template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'Refusals', Threshold: 7 })
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'DatabaseConnections',
    Threshold: 160,
  })
  template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'CanaryFailed', Period: 600 })
  template.resourceCountIs('AWS::Budgets::Budget', 1)
  for (const { Properties } of Object.values(template.findResources('AWS::CloudWatch::Alarm'))) {
    expect(Properties.AlarmActions).toEqual([{ Ref: expect.stringMatching(/^AlarmTopic/) }])
    expect(Properties.AlarmDescription).toMatch(/ Next: /)
    expect(Properties.TreatMissingData).toMatch(/^(b|notB)reaching$/)
  }
  const tasks = Object.values(template.findResources('AWS::ECS::TaskDefinition')) as Resource[]
  const containers = tasks.flatMap(({ Properties }) => Properties.ContainerDefinitions)
  const [canary] = containers.filter(({ Name }) => Name === 'canary')
  expect(canary).toMatchObject({
    Image: 'trackyard:1.2.3',
    Secrets: [{ Name: 'MLFLOW_TRACKING_TOKEN', ValueFrom: SECRET }],
  })
  expect(JSON.stringify(template.findResources('AWS::CloudWatch::Dashboard'))).toContain('CanaryAlarm')
})

it('a stack uses a topic that is there with its key, makes none, and says what both must allow', () => {
  const watching = { topicArn: TOPIC, topicKeyArn: KEY }
  const stack = enterpriseStack({ watching, keeping: { drill: { enabled: true } }, image: 'trackyard:1.2.3' })
  const template = Template.fromStack(stack)
  template.resourceCountIs('AWS::SNS::Topic', 0)
  for (const { Properties } of Object.values(template.findResources('AWS::CloudWatch::Alarm'))) {
    expect(Properties.AlarmActions).toContain(TOPIC)
  }
  const reporting = statementsOf(stack, 'KeepingDrillRole').filter(({ Resource }) =>
    [TOPIC, KEY].includes(Resource),
  )
  expect(reporting).toEqual([
    { Effect: 'Allow', Action: 'sns:Publish', Resource: TOPIC },
    {
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: KEY,
      Condition: { StringEquals: { 'kms:ViaService': expect.anything() } },
    },
  ])
  const needs = 'cloudwatch.amazonaws.com, budgets.amazonaws.com and backup.amazonaws.com publish'
  Annotations.fromStack(stack).hasInfo('/EnterpriseStack', Match.stringLikeRegexp(needs))
})

it.each([
  [{ emails: ['on-call'] }, 'watching.emails.0="on-call": must be an address of e-mail'],
  [{ emails: ['a@example.com'], topicArn: TOPIC }, 'watching.emails'],
  [{ topicKeyArn: KEY }, 'watching.topicKeyArn'],
  [{ costTag: { name: 'team', value: 'ml' } }, 'watching.costTag'],
  [{ canary: { tokenSecretArn: 'canary' } }, 'must be the whole ARN of a secret'],
  [{ canary: { tokenSecretArn: SECRET, everyMinutes: 7 } }, 'watching.canary.everyMinutes=7: must divide 60'],
  [{ errorPercent: 101 }, 'watching.errorPercent=101: must be at most 100 percent'],
  [{ responseSeconds: 0 }, 'watching.responseSeconds=0: must be a number above 0, in seconds'],
  [{ refusal: 1 }, 'watching.refusal: no such option'],
])('the options %j are refused', (watching, problem) => {
  expect(() => readEnterpriseOptions({}, { edge: EDGE, watching })).toThrow(problem)
})
