import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, it } from 'vitest'
import { readEnterpriseOptions } from '../../stacks/enterprise-options.ts'
import { PROFILE_NAMES } from '../../stacks/options/deployment.ts'
import { statementsOf } from '../constructs/cdk/stack.ts'
import { temporaryFolder } from '../server/support.ts'
import { EDGE, enterpriseAssembly, enterpriseStack } from './enterprise-synth.ts'

describe('the EnterpriseStack', () => {
  let stack: Stack
  beforeAll(() => {
    stack = enterpriseStack()
  })

  it('has the template it had', () => {
    expect(templateOf(stack)).toMatchSnapshot()
  })

  it.each(PROFILE_NAMES.filter((name) => name !== 'standard'))('has the template it had as %s', (profile) => {
    expect(templateOf(enterpriseStack({ profile }))).toMatchSnapshot()
  })

  it('lets the servers reach their bucket, their role in the database and the keys, and nothing else', () => {
    const statements = statementsOf(stack, 'TaskRole')
    const login = statements.filter(({ Action }) => JSON.stringify(Action).includes('rds'))
    expect(login).toEqual([expect.objectContaining({ Action: 'rds-db:connect' })])
    expect(JSON.stringify(statements)).not.toContain('secretsmanager:')
    expect(statements.flatMap(({ Action }) => Action).map((action) => action.split(':')[0])).toEqual(
      expect.not.arrayContaining(['iam', 'sts', 'ec2', 'rds']),
    )
    for (const { Resource } of statements) {
      expect(JSON.stringify(Resource)).toMatch(/"(Artifacts(Bucket|Key)|DatabaseInstance)/)
    }
    expect(statements.flatMap(({ Resource }) => Resource)).not.toContain('*')
  })

  it('lets nobody act on every secret or every bucket', () => {
    const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
    const statements = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    const wide = statements.filter(
      ({ Action, Resource }) =>
        /"(s3|secretsmanager|kms):/.test(JSON.stringify([Action].flat())) && Resource === '*',
    )
    expect(wide).toEqual([])
  })

  it('has no password in its template', () => {
    const template = Template.fromStack(stack)
    template.hasResourceProperties('AWS::RDS::DBInstance', { ManageMasterUserPassword: true })
    expect(JSON.stringify(template.toJSON())).not.toMatch(
      /MasterUserPassword"\s*:\s*"|postgresql:\/\/[^"/@]*:[^"/@]*@/,
    )
  })

  it('asks AWS nothing, even about an account and a region', () => {
    const { missing } = enterpriseAssembly({ account: '123456789012', region: 'eu-central-1' }).manifest
    expect(missing ?? []).toEqual([])
  })

  it('builds the image of every tier from what its Dockerfile copies', async () => {
    const { directory } = enterpriseAssembly({}, await temporaryFolder())
    const assets = JSON.parse(await readFile(join(directory, 'EnterpriseStack.assets.json'), 'utf8'))
    const [image, ...others] = Object.values<Record<string, Record<string, string>>>(assets.dockerImages)
    expect(others).toEqual([])
    expect(image?.source?.dockerFile).toBe('docker/Dockerfile')
    const folder = join(directory, image?.source?.directory ?? '')
    for (const file of ['docker/Dockerfile', 'server/main.ts', 'package-lock.json']) {
      expect(existsSync(join(folder, file)), file).toBe(true)
    }
    for (const file of ['node_modules', '.git', '.cache', 'test', 'docs', 'constructs']) {
      expect(existsSync(join(folder, file)), file).toBe(false)
    }
  })

  it('says where everything is', () => {
    const template = Template.fromStack(stack)
    const named = (id: string) => ({ Ref: Match.stringLikeRegexp(`^${id}[0-9A-F]{8}$`) })
    template.hasOutput('Url', { Value: 'https://mlflow.example.com' })
    template.hasOutput('TrackingUri', { Value: 'export MLFLOW_TRACKING_URI=https://mlflow.example.com' })
    template.hasOutput('DashboardName', { Value: named('WatchingDashboard') })
    template.hasOutput('LogGroupName', { Value: named('ServiceLog') })
    template.hasOutput('DatabaseHost', {
      Value: { 'Fn::GetAtt': [named('DatabaseInstance').Ref, 'Endpoint.Address'] },
    })
    template.hasOutput('ArtifactBucketName', { Value: named('ArtifactsBucket') })
    template.hasOutput('AdminPasswordSecret', { Value: named('SignOnSecretsAdminPassword') })
    template.hasOutput('ServiceName', {
      Value: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Service[0-9A-F]{8}$'), 'Name'] },
    })
  })

  it('takes its options from the settings', () => {
    const template = Template.fromStack(
      enterpriseStack({
        replicas: 3,
        edge: { ...EDGE, clients: ['203.0.113.0/24'], internetFacing: true },
        image: 'trackyard:1.2.3',
      }),
    )
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', {
      MinCapacity: 3,
      MaxCapacity: 9,
    })
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internet-facing' })
    template.hasOutput('Url', { Value: 'https://mlflow.example.com' })
    expect(JSON.stringify(template.findResources('AWS::ECS::TaskDefinition'))).toContain(
      '{"Name":"MLFLOW_SERVER_ALLOWED_HOSTS","Value":"mlflow.example.com,mlflow.example.com:*"}',
    )
  })
})

it('the options of an EnterpriseStack are refused with every problem at once', () => {
  const context = { 'trackyard:replica': '3', 'trackyard:region': 'Frankfurt', 'trackyard:workers': '65' }
  expect(() => readEnterpriseOptions(context)).toThrow(
    /^workers=65: must be .* 1 to 64\nregion="Frankfurt": must be a region .*\nedge: say at least domainName, .*\nreplica: no such option; did you mean replicas\?$/,
  )
})

/** With the hashes of assets masked: they follow every change of the server. */
function templateOf(stack: Stack): unknown {
  const text = JSON.stringify(Template.fromStack(stack).toJSON())
  return JSON.parse(text.replace(/[0-9a-f]{64}/g, '<asset hash>'))
}

it.each(PROFILE_NAMES)('%s runs on either architecture', (profile) => {
  for (const architecture of ['arm64', 'x86_64'])
    expect(() => enterpriseStack({ profile, image: 'trackyard', service: { architecture } })).not.toThrow()
})
