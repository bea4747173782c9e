import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../../server/config.ts'
import { SETTINGS } from '../../server/config-settings.ts'
import { startEngine } from './pulumi-engine.ts'
import { runProgram } from './pulumi-program.ts'

const MIB = 1024 * 1024

it('docker-compose.yaml runs the container that the Pulumi stack local runs', async () => {
  const server = await composeService()
  const container = await pulumiContainer()
  expect({
    user: server.user,
    readOnly: server.read_only,
    drops: server.cap_drop,
    securityOpts: server.security_opt,
    tmpfs: server.tmpfs,
    memory: bytes(server.mem_limit),
    memorySwap: bytes(server.memswap_limit),
    restart: server.restart,
    stopTimeout: seconds(server.stop_grace_period),
    health: [...server.healthcheck.test, server.healthcheck.retries],
    healthTimes: ['interval', 'timeout', 'start_period', 'start_interval'].map(
      (one) => server.healthcheck[one],
    ),
    log: { driver: server.logging.driver, options: server.logging.options },
    ports: server.ports,
    mount: server.volumes,
  }).toEqual({
    user: container.user,
    readOnly: container.readOnly,
    drops: container.capabilities.drops,
    securityOpts: container.securityOpts,
    tmpfs: Object.entries(container.tmpfs).map(([path, options]) => `${path}:${options}`),
    memory: container.memory * MIB,
    memorySwap: container.memorySwap * MIB,
    restart: container.restart,
    stopTimeout: container.stopTimeout,
    health: [...container.healthcheck.tests, container.healthcheck.retries],
    healthTimes: ['interval', 'timeout', 'startPeriod', 'startInterval'].map(
      (one) => container.healthcheck[one],
    ),
    log: { driver: container.logDriver, options: container.logOpts },
    ports: container.ports.map((one: Record<string, unknown>) => `${one.ip}:${one.external}:${one.internal}`),
    mount: container.volumes.map((one: Record<string, unknown>) => `data:${one.containerPath}`),
  })
  expect(parseConfig(await environmentOf(server.env_file))).toEqual(
    parseConfig(parseEnv(container.envs.join('\n'))),
  )
})

it('docker-compose.yaml and the Pulumi stack local keep their data in the same volume', async () => {
  const { volumes } = await composeFile()
  const registered = await startEngine('local')
  await runProgram()
  const volume = registered.find(({ type }) => type.endsWith(':Volume'))
  expect(volumes.data.name).toBe(volume?.inputs.name)
})

it.each(['source', 'local'])('.envs/%s.env holds settings of the server only', async (tier) => {
  const environment = await environmentOf(['.envs/common.env', `.envs/${tier}.env`])
  const known: string[] = Object.values(SETTINGS).map(({ env }) => env)
  expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([])
  expect(() => parseConfig(environment)).not.toThrow()
})

it('.envs/team.env.example says what docker-compose.yaml does without it', async () => {
  const text = await readFile('docker-compose.yaml', 'utf8')
  const fallbacks = Object.fromEntries(
    [...text.matchAll(/\$\{(TEAM_\w+):-([^}]*)\}/g)].map((one) => one.slice(1)),
  )
  expect({ ...fallbacks, ...(await environmentOf(['.envs/team.env.example'])) }).toEqual(fallbacks)
})

it('.envs/source.env says what the server does without it', async () => {
  expect(parseConfig(await environmentOf(['.envs/common.env', '.envs/source.env']))).toEqual(parseConfig({}))
})

async function composeService() {
  return (await composeFile()).services.server
}

/** The file as it is where no variable is set. */
async function composeFile() {
  const text = await readFile('docker-compose.yaml', 'utf8')
  return parse(text.replace(/\$\{\w+:-([^}]*)\}/g, '$1'), { merge: true })
}

async function environmentOf(files: readonly string[]): Promise<NodeJS.Dict<string>> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return parseEnv(texts.join('\n'))
}

async function pulumiContainer() {
  const registered = await startEngine('local')
  await runProgram()
  const container = registered.find(({ type }) => type.endsWith(':Container'))
  if (!container) throw new Error('the program made no container')
  return container.inputs
}

const bytes = (text: string) => Number(/^(\d+)m$/.exec(text)?.[1]) * MIB
const seconds = (text: string) => Number(/^(\d+)s$/.exec(text)?.[1])
