/** What a container may do and how it runs, in one form for docker-compose.yaml and for the Pulumi program. */
import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import { parse } from 'yaml'
import { FILES_FOLDER } from '../../constructs/container.ts'
import { type Registered, unwrapSecrets } from './pulumi-engine.ts'

const MIB = 1024 * 1024

/** The service of a compose file, whatever it has. */
// biome-ignore lint/suspicious/noExplicitAny: YAML of any shape
export type Service = Record<string, any>

/** docker-compose.yaml with these variables, and its own defaults for all others. */
export async function composeFile(variables: Record<string, string> = {}): Promise<Service> {
  const text = await readFile('docker-compose.yaml', 'utf8')
  const filled = text.replace(
    /\$\{(\w+):-([^}]*)\}/g,
    (_all, name: string, fallback: string) => variables[name] ?? fallback,
  )
  return parse(filled, { merge: true })
}

export async function environmentOf(files: readonly string[]): Promise<NodeJS.Dict<string>> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return parseEnv(texts.join('\n'))
}

export function composeContainer(service: Service) {
  const { healthcheck, volumes = [], secrets = [], networks = [] } = service
  const mounts = (volumes as string[]).map((one) => one.split(':') as [string, string])
  return {
    user: service.user,
    readOnly: service.read_only,
    drops: service.cap_drop,
    adds: service.cap_add ?? [],
    securityOpts: service.security_opt,
    tmpfs: [...service.tmpfs].sort(),
    memory: bytes(service.mem_limit),
    memorySwap: bytes(service.memswap_limit),
    cpus: Number(service.cpus),
    sharedMemory: service.shm_size && bytes(service.shm_size),
    entrypoint: service.entrypoint,
    command: typeof service.command === 'string' ? service.command.split(' ') : service.command,
    restart: service.restart,
    stopTimeout: seconds(service.stop_grace_period),
    stopSignal: service.stop_signal,
    health: [...healthcheck.test, healthcheck.retries],
    healthTimes: ['interval', 'timeout', 'start_period', 'start_interval'].map((one) =>
      seconds(healthcheck[one]),
    ),
    log: service.logging,
    ports: service.ports ?? [],
    networks,
    mounts: mounts
      .filter(([, path]) => !path.startsWith(FILES_FOLDER))
      .map(([name, path]) => `${name}:${path}`),
    files: [...mounts.map(([, path]) => path), ...secrets.map(({ target }: Service) => target)]
      .filter((path) => path.startsWith(`${FILES_FOLDER}/`))
      .sort(),
  }
}

/** The same of a container that the program registers; `name` is the stack's. */
export function pulumiContainer(container: Registered, registered: readonly Registered[], name: string) {
  const { inputs } = container
  const plain = (text: string) => text.replace(`${name}-`, '')
  const mounts = inputs.volumes as { volumeName: string; containerPath: string }[]
  const files = mounts.find(({ containerPath }) => containerPath === FILES_FOLDER)?.volumeName
  return {
    user: inputs.user,
    readOnly: inputs.readOnly,
    drops: inputs.capabilities.drops,
    adds: (inputs.capabilities.adds ?? []).map((one: string) => one.replace('CAP_', '')),
    securityOpts: inputs.securityOpts,
    tmpfs: Object.entries(inputs.tmpfs)
      .map(([path, options]) => `${path}:${options}`)
      .sort(),
    memory: inputs.memory * MIB,
    memorySwap: inputs.memorySwap * MIB,
    cpus: Number(inputs.cpus),
    sharedMemory: inputs.shmSize && inputs.shmSize * MIB,
    entrypoint: inputs.entrypoints,
    command: inputs.command,
    restart: inputs.restart,
    stopTimeout: inputs.stopTimeout,
    stopSignal: inputs.stopSignal,
    health: [...inputs.healthcheck.tests, inputs.healthcheck.retries],
    healthTimes: ['interval', 'timeout', 'startPeriod', 'startInterval'].map((one) =>
      seconds(inputs.healthcheck[one]),
    ),
    log: { driver: inputs.logDriver, options: inputs.logOpts },
    ports: (inputs.ports ?? []).map((one: Service) => `${one.ip}:${one.external}:${one.internal}`),
    networks: (inputs.networksAdvanced ?? []).map((one: Service) => plain(one.name)),
    mounts: mounts
      .filter(({ containerPath }) => containerPath !== FILES_FOLDER)
      .map(({ volumeName, containerPath }) => `${plain(volumeName)}:${containerPath}`),
    files: files === undefined ? [] : uploadsTo(files, registered),
  }
}

/** Names of the files that are put into a volume. */
function uploadsTo(volume: string, registered: readonly Registered[]): string[] {
  const through = registered.find(
    ({ inputs }) => inputs.uploads && inputs.volumes?.some((one: Service) => one.volumeName === volume),
  )
  const uploads = unwrapSecrets(through?.inputs.uploads ?? []) as { file: string }[]
  return uploads.map(({ file }) => file).sort()
}

const bytes = (text: string) => Number(/^(\d+)m$/.exec(text)?.[1]) * MIB

/** Of a duration such as `90s` or `1m30s`. */
function seconds(duration: string): number {
  const [, minutes = 0, rest] = /^(?:(\d+)m)?(\d+)s$/.exec(duration) ?? []
  return Number(minutes) * 60 + Number(rest)
}
