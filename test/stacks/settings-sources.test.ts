import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readEnterpriseOptions } from '../../stacks/enterprise-options.ts'
import { withProfile } from '../../stacks/profiles.ts'
import { mergeSettings, settingsInContext, settingsInFile } from '../../stacks/settings-sources.ts'
import { temporaryFolder } from '../server/support.ts'
import { EDGE } from './enterprise-synth.ts'

describe('the settings in CDK context', () => {
  it('reach an option of a part by its name with dots, which wins over the object of cdk.json', () => {
    const context = {
      'trackyard:network.egress': 'none',
      'trackyard:network': { egress: 'nat', zones: 3 },
      'trackyard:network.flowLogs.days': '90',
      'trackyard:replicas': '4',
      '@aws-cdk/core:enablePartitionLiterals': true,
    }
    expect(settingsInContext(context)).toEqual({
      network: { egress: 'none', zones: 3, flowLogs: { days: 90 } },
      replicas: 4,
    })
  })
})

describe('every mistake in the settings of an EnterpriseStack', () => {
  it.each([
    [{ network: 'none' }, 'network="none": must be an object of options'],
    [{ 'network.egres': 'none' }, 'network.egres: no such option; did you mean egress?'],
    [{ network: 'x', 'network.egress': 'none' }, 'network="x": must be an object of options'],
    [{ 'network.cidr': 'x' }, /^network\.cidr="x": must be a range of IPv4 addresses such as [^\n]*$/],
    [
      { 'network.vpc.id': 'vpc-0123456789abcdef0' },
      /^network\.vpc\.cidr: must be .*\nnetwork.vpc.availabilityZones: is missing/,
    ],
    [{ 'tags.aws:x': '1' }, 'tags.aws:x=1: must be 1 to 128 letters'],
    [{ allowedHosts: 'a' }, 'allowedHosts="a": must be a list'],
    [{ account: '12' }, 'account=12: must be 12 digits'],
    [
      { 'service.minInstances': '4', 'service.maxInstances': '2' },
      'service.maxInstances=2: must be at least minIn',
    ],
  ])('is one line that names the option: %j', (options, message) => {
    const context = Object.entries(options).map(([name, value]) => [`trackyard:${name}`, value])
    expect(() => readEnterpriseOptions(Object.fromEntries(context), { edge: EDGE })).toThrow(message)
  })
})

it('the settings of the example and of docs/enterprise.md are one, and right', async () => {
  const [example = '', page = ''] = await Promise.all(
    ['examples/enterprise/trackyard.json', 'docs/enterprise.md'].map((file) => readFile(file, 'utf8')),
  )
  expect(page).toContain(example)
  expect(readEnterpriseOptions({}, JSON.parse(example)).signOn.people.kind).toBe('oidc')
})

describe('the settings file', () => {
  it('is trackyard.json where there is one, and whatever -c settings= names', async () => {
    const folder = await temporaryFolder()
    expect(settingsInFile({}, folder)).toEqual({})
    await writeFile(join(folder, 'trackyard.json'), '{"replicas":3}')
    await writeFile(join(folder, 'test.json'), '{"replicas":1}')
    expect(settingsInFile({}, folder)).toEqual({ replicas: 3 })
    expect(settingsInFile({ settings: 'test.json' }, folder)).toEqual({ replicas: 1 })
  })

  it('is refused by its name when it is not there, no JSON, or no object', async () => {
    const folder = await temporaryFolder()
    expect(() => settingsInFile({ settings: 'gone.json' }, folder)).toThrow(/^settings=gone\.json: ENOENT/)
    await writeFile(join(folder, 'trackyard.json'), '{"replicas":3,}')
    expect(() => settingsInFile({}, folder)).toThrow(/^settings=trackyard\.json: .*JSON/)
    await writeFile(join(folder, 'trackyard.json'), '[3]')
    expect(() => settingsInFile({}, folder)).toThrow('trackyard.json must hold an object of options')
  })

  it('gives way to the context, option by option', () => {
    const file = { workers: 2, database: { kind: 'a', days: 1 }, allowedHosts: ['a', 'b'] }
    const context = { database: { days: 2 }, allowedHosts: ['c'] }
    expect(mergeSettings(file, context)).toEqual({
      workers: 2,
      database: { kind: 'a', days: 2 },
      allowedHosts: ['c'],
    })
    expect(
      readEnterpriseOptions({ 'trackyard:replicas': '3' }, { replicas: 4, workers: 2, edge: EDGE }),
    ).toMatchObject({
      replicas: 3,
      workers: 2,
    })
  })
})

describe('a profile', () => {
  it('is under what is written, and gives nothing to a part that is there already', () => {
    expect(readEnterpriseOptions({}, { edge: EDGE, profile: 'regulated' }).replicas).toBe(3)
    expect(readEnterpriseOptions({}, { edge: EDGE, profile: 'regulated', replicas: 2 }).replicas).toBe(2)
    const given = { profile: 'lean', network: { vpc: { id: 'vpc-0a' } } }
    expect(withProfile(given)).toMatchObject({ network: { vpc: { id: 'vpc-0a' } } })
    expect(Object.keys(withProfile(given).network as object)).toEqual(['vpc'])
  })

  it('that does not exist is refused by its name', () => {
    expect(() => readEnterpriseOptions({ 'trackyard:profile': 'cheap' })).toThrow(
      'profile="cheap": must be lean, standard or regulated',
    )
  })
})
