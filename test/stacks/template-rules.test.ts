import { beforeAll, describe, expect, it } from 'vitest'
import { accessOf } from '../../server/evidence/access.ts'
import { encryptionAtRest } from '../../server/evidence/encryption.ts'
import { keptOf } from '../../server/evidence/keeping.ts'
import { ANYWHERE, edgesOf } from '../../server/evidence/network.ts'
import {
  listOf,
  parseTemplate,
  resourcesOf,
  type Template,
  textOf,
  valueAt,
} from '../../server/evidence/template.ts'
import { PROFILES, templateTextOf, withoutHashes } from './profiles.ts'

/** What keeps nothing that is missed: the key of messages on their way, and what a canary says of a stack that is gone. */
const PASSING = ['AlarmTopicKey', 'CanaryLog']

const texts = new Map<string, string>()

beforeAll(() => {
  for (const profile of Object.keys(PROFILES)) texts.set(profile, templateTextOf(profile))
}, 120_000)

describe.each(Object.keys(PROFILES))('the template, %s', (profile) => {
  it('lets connect who is on the list, and nobody else', async () => {
    const edges = edgesOf(templateOf(profile)).map(
      ({ from, to, ports, rules }) => `${from} -> ${to}: ${ports} (${rules})`,
    )
    await expect(`${edges.map(withoutHashes).sort().join('\n')}\n`).toMatchFileSnapshot(
      `edges/${profile}.txt`,
    )
  })

  it('lets the world in at port 443 of a load balancer that faces the internet, and nowhere else', () => {
    expect(wrongWaysIn(templateOf(profile))).toEqual([])
    const open = edgesOf(templateOf(profile)).some(({ from }) => ANYWHERE.includes(from))
    expect(open).toBe(profile === 'internet-facing')
  })

  it('lets nothing out to the world but on port 443', () => {
    expect(wrongWaysOut(templateOf(profile))).toEqual([])
  })

  it('allows no role a wildcard of actions', () => {
    const wide = accessOf(templateOf(profile)).filter(
      ({ kind, statement }) =>
        kind === 'role' &&
        statement.Effect === 'Allow' &&
        (statement.NotAction.length > 0 || statement.Action.some((action) => action.includes('*'))),
    )
    expect(wide.map(({ of, statement }) => `${of}: ${statement.Action}`)).toEqual([])
  })

  it('holds no secret', () => {
    expect(secretsIn(JSON.parse(textOfProfile(profile)))).toEqual([])
    expect(textOfProfile(profile)).not.toMatch(/:\/\/[^\s"/:@]+:[^\s"/@]+@|AKIA[0-9A-Z]{16}|PRIVATE KEY-----/)
  })

  it('keeps every log for a time that is said', () => {
    const groups = resourcesOf(templateOf(profile), 'AWS::Logs::LogGroup')
    expect(groups).not.toEqual([])
    expect(groups.filter(([, { Properties }]) => !Properties.RetentionInDays).map(([id]) => id)).toEqual([])
  })

  it('encrypts whatever keeps data', () => {
    const kept = encryptionAtRest(templateOf(profile))
    expect(kept.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['AWS::S3::Bucket', 'AWS::RDS::DBInstance', 'AWS::EC2::LaunchTemplate']),
    )
    expect(kept.filter(({ key }) => key === '')).toEqual([])
  })

  it('leaves what holds data when it is deleted, or a snapshot of it', () => {
    const stays = ['Retain', 'Snapshot', 'RetainExceptOnCreate']
    const lost = keptOf(templateOf(profile))
      .filter(({ whenDeleted, whenReplaced }) =>
        [whenDeleted, whenReplaced].some((policy) => !stays.includes(policy)),
      )
      .map(({ resource }) => withoutHashes(resource))
      .filter((resource) => !PASSING.includes(resource))
    expect(lost).toEqual([])
  })

  it('gives nothing that stays a name that the next deployment of the stack would want', () => {
    expect(fixedNamesIn(templateOf(profile))).toEqual([])
  })
})

it('what stays under a name that another deployment of the stack would take is noticed', () => {
  const stays = (Properties: object) => ({ Type: 'AWS::X', DeletionPolicy: 'Retain', Properties })
  const template = parseTemplate(
    JSON.stringify({
      Resources: {
        Fixed: stays({ LogGroupName: '/aws/x', KmsKeyId: 'k' }),
        Own: stays({ LogGroupName: { 'Fn::Join': ['/', ['/aws', { Ref: 'AWS::StackId' }]] } }),
        Unnamed: stays({ RetentionInDays: 7 }),
        Gone: { Type: 'AWS::X', Properties: { LogGroupName: '/aws/x' } },
      },
    }),
  )
  expect(fixedNamesIn(template)).toEqual(['Fixed: LogGroupName'])
})

it('a way for the world is noticed', () => {
  const group = (...SecurityGroupIngress: object[]) => ({
    Type: 'AWS::EC2::SecurityGroup',
    Properties: { SecurityGroupIngress },
  })
  const from = (CidrIp: string, port: number) => ({ CidrIp, IpProtocol: 'tcp', FromPort: port, ToPort: port })
  const balancer = (Scheme: string, id: string) => ({
    Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
    Properties: { Scheme, SecurityGroups: [{ 'Fn::GetAtt': [id, 'GroupId'] }] },
  })
  const world = from('0.0.0.0/0', 443)
  const template = parseTemplate(
    JSON.stringify({
      Resources: {
        Good: group(world, from('10.0.0.0/8', 22)),
        Ssh: group(from('0.0.0.0/0', 22), { CidrIpv6: '::/0', IpProtocol: '-1' }),
        Inner: group(world),
        Alone: group(world),
        Public: balancer('internet-facing', 'Good'),
        AlsoPublic: balancer('internet-facing', 'Ssh'),
        Internal: balancer('internal', 'Inner'),
      },
    }),
  )
  const wrong = ['Ssh: tcp 22', 'Ssh: all', 'Inner: tcp 443', 'Alone: tcp 443']
  expect(wrongWaysIn(template)).toEqual(wrong)
  // A group without a rule for what goes out lets everything out.
  expect(wrongWaysOut(template)).toEqual(['Good: all', 'Ssh: all', 'Inner: all', 'Alone: all'])
})

it('a secret in a template is noticed', () => {
  const container = (Environment: object[]) => ({ ContainerDefinitions: [{ Environment }] })
  const found = (value: object) => secretsIn({ Properties: value })
  expect(found({ MasterUserPassword: 'hunter2' })).toEqual(['MasterUserPassword'])
  expect(found({ ClientSecret: { Ref: 'Parameter' } })).toEqual([])
  expect(found({ ClientSecret: '{{resolve:secretsmanager:sso:SecretString:secret}}' })).toEqual([])
  expect(found(container([{ Name: 'MLFLOW_FLASK_SERVER_SECRET_KEY', Value: 'abc' }]))).toEqual([
    'MLFLOW_FLASK_SERVER_SECRET_KEY',
  ])
  expect(found(container([{ Name: 'TRACKYARD_DATABASE_SECRET', Value: { Ref: 'Secret' } }]))).toEqual([])
})

/** Of what stays when its stack goes, the names that do not follow the stack's own id, or another resource. */
function fixedNamesIn({ Resources }: Template): string[] {
  return Object.entries(Resources)
    .filter(([, { DeletionPolicy = 'Delete' }]) => DeletionPolicy !== 'Delete')
    .flatMap(([id, { Properties }]) =>
      Object.entries(Properties)
        .filter(([name, value]) => /^(?!CACert).*(Name|Identifier)$/.test(name) && typeof value === 'string')
        .map(([name]) => `${id}: ${name}`),
    )
}

/** Groups that anybody may enter, but for that of a load balancer of the internet at 443. */
function wrongWaysIn(template: Template): string[] {
  const facing = resourcesOf(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer')
    .filter(([, { Properties }]) => Properties.Scheme !== 'internal')
    .flatMap(([, { Properties }]) => listOf(Properties.SecurityGroups).map(textOf))
  return edgesOf(template)
    .filter(({ from }) => ANYWHERE.includes(from))
    .filter(({ to, ports }) => ports !== 'tcp 443' || !facing.includes(`\${${to}.GroupId}`))
    .map(({ to, ports }) => `${to}: ${ports}`)
}

function wrongWaysOut(template: Template): string[] {
  return edgesOf(template)
    .filter(({ to, ports }) => ANYWHERE.includes(to) && ports !== 'tcp 443')
    .map(({ from, ports }) => `${from}: ${ports}`)
}

/** Names of what a secret is called and holds text: a reference to one is none. */
function secretsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const variable = valueAt(value, 'Name')
  const named =
    typeof variable === 'string' ? [[variable, valueAt(value, 'Value')] as const] : Object.entries(value)
  const secret = /(password|secret|secret_?key|token|private_?key|credentials?)$/i
  const plain = named.filter(
    ([name, text]) => secret.test(name) && typeof text === 'string' && !text.startsWith('{{resolve:'),
  )
  return [...plain.map(([name]) => name), ...Object.values(value).flatMap(secretsIn)]
}

function textOfProfile(profile: string): string {
  const text = texts.get(profile)
  if (!text) throw new Error(`no profile ${profile}`)
  return text
}

function templateOf(profile: string): Template {
  return parseTemplate(textOfProfile(profile))
}
