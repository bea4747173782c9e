import { beforeAll, describe, expect, it } from 'vitest'
import { accessOf } from '../../server/evidence/access.ts'
import { encryptionAtRest } from '../../server/evidence/encryption.ts'
import { keptOf } from '../../server/evidence/keeping.ts'
import { edgesOf } from '../../server/evidence/network.ts'
import { parseTemplate, resourcesOf, type Template, valueAt } from '../../server/evidence/template.ts'
import { PROFILES, templateTextOf, withoutHashes } from './profiles.ts'

/** What keeps nothing: the key of messages that are on their way. */
const PASSING = ['AlarmTopicKey']

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
