import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { parseEnv, promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { caddyfile } from '../../constructs/caddyfile.ts'
import { parseSettings } from '../../constructs/settings.ts'
import { parseConfig } from '../../server/config.ts'
import { SETTINGS } from '../../server/config-settings.ts'
import { type Registered, startEngine } from './pulumi-engine.ts'
import { runProgram } from './pulumi-program.ts'
import {
  composeContainer,
  composeFile,
  environmentOf,
  pulumiContainer,
  type Service,
} from './running-containers.ts'

const NAME = 'trackyard'
const HOST = 'mlflow.example.com'

describe('docker-compose.yaml and the Pulumi stack local', () => {
  it('run the same container', async () => {
    const { server } = (await composeFile()).services
    const registered = await startEngine('local')
    await runProgram()
    const container = containerOf(registered, NAME)
    expect(composeContainer(server)).toEqual(pulumiContainer(container, registered, NAME))
    expect(parseConfig(await environmentOf(server.env_file))).toEqual(
      parseConfig(parseEnv(container.inputs.envs.join('\n'))),
    )
  })

  it('keep their data in the same volume', async () => {
    const { volumes } = await composeFile()
    const registered = await startEngine('local')
    await runProgram()
    expect(volumes.data.name).toBe(registered.find(({ type }) => type.endsWith(':Volume'))?.inputs.name)
  })
})

describe('docker-compose.yaml and the Pulumi stack team', () => {
  let file: Service
  let registered: Registered[]

  beforeAll(async () => {
    file = await composeFile({ TEAM_HOST: HOST })
    registered = await startEngine('team')
    await runProgram({ hostName: HOST, port: '8443', replicas: '2' })
  })

  it.each(['server-1', 'server-2', 'proxy', 'database', 'backup'])('run the same %s', (name) => {
    const container = containerOf(registered, `${NAME}-${name}`)
    expect(composeContainer(file.services[name])).toEqual(pulumiContainer(container, registered, NAME))
  })

  it('give the servers the same settings', async () => {
    const { env_file, environment } = file.services['server-1']
    // `make up` makes the one that Git ignores of its example.
    const files = env_file.map((one: string | { path: string }) =>
      typeof one === 'string' ? one : `${one.path}.example`,
    )
    const compose = { ...(await environmentOf(files)), ...asText(environment) }
    const { envs } = containerOf(registered, `${NAME}-server-1`).inputs
    expect(parseConfig(compose)).toEqual(parseConfig(parseEnv(envs.join('\n'))))
  })

  it.each(['proxy', 'database', 'backup'])('give %s the same environment', (name) => {
    const { envs } = containerOf(registered, `${NAME}-${name}`).inputs
    const own = Object.entries(asText(file.services[name].environment)).filter(
      ([key]) => !key.startsWith('TEAM_'),
    )
    expect(Object.fromEntries(own)).toEqual(parseEnv(envs.join('\n')))
  })

  it('tell the proxy the same', async () => {
    const text = await readFile('docker/team/Caddyfile', 'utf8')
    const environment = asText(file.services.proxy.environment)
    const filled = text.replace(/\{\$(\w+)\}/g, (_all, name: string) => environment[name] ?? '')
    const settings = parseSettings({ tier: 'team', hostName: HOST })
    expect(statementsOf(filled)).toEqual(statementsOf(caddyfile(settings, ['server-1', 'server-2'])))
  })

  it('keep their data in the same volumes, and what holds it away from the outside', () => {
    const named = registered.filter(({ type, inputs }) => type.endsWith(':Volume') && inputs.name)
    expect(Object.values<Service>(file.volumes).map(({ name }) => name)).toEqual(
      expect.arrayContaining(named.map(({ inputs }) => inputs.name)),
    )
    const networks = registered.filter(({ type }) => type.endsWith(':Network'))
    expect(
      Object.entries<Service | null>(file.networks).map(([name, one]) => [name, one?.internal ?? false]),
    ).toEqual(networks.map(({ inputs }) => [inputs.name.replace(`${NAME}-`, ''), inputs.internal]))
  })
})

it.each(['source', 'local'])('.envs/%s.env holds settings of the server only', async (tier) => {
  const environment = await environmentOf(['.envs/common.env', `.envs/${tier}.env`])
  const known: string[] = Object.values(SETTINGS).map(({ env }) => env)
  expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([])
  expect(() => parseConfig(environment)).not.toThrow()
})

it('.envs/team.env.example says what docker-compose.yaml does without it', async () => {
  const text = await readFile('docker-compose.yaml', 'utf8')
  const example = Object.entries(await environmentOf(['.envs/team.env.example']))
  const variables = [...text.matchAll(/\$\{(TEAM_\w+):-([^}]*)\}/g)].map((one) => one.slice(1))
  const fallbacks = Object.fromEntries(variables)
  const forCompose = example.filter(([name]) => name.startsWith('TEAM_'))
  expect({ ...fallbacks, ...Object.fromEntries(forCompose) }).toEqual(fallbacks)
  const forServers = Object.fromEntries(example.filter(([name]) => !name.startsWith('TEAM_')))
  expect(parseConfig(forServers).login).toEqual(['basic'])
})

it('Git ignores the secrets and the settings that `make up` writes', async () => {
  const made = ['.secrets/admin.password', '.secrets/mlflow.password', '.envs/team.env']
  const { stdout } = await promisify(execFile)('git', ['check-ignore', ...made])
  expect(stdout.trim().split('\n')).toEqual(made)
})

it('.envs/source.env says what the server does without it', async () => {
  expect(parseConfig(await environmentOf(['.envs/common.env', '.envs/source.env']))).toEqual(parseConfig({}))
})

function containerOf(registered: readonly Registered[], name: string): Registered {
  const container = registered.find((one) => one.type.endsWith(':Container') && one.name === name)
  if (!container) throw new Error(`the program made no container ${name}`)
  return container
}

function asText(environment: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]))
}

/** The lines of a Caddyfile that say something. */
function statementsOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}
