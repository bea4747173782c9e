/** A container as the provider of Pulumi makes it: created, its files uploaded, started, and waited for. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import type { Registered } from '../stacks/pulumi-engine.ts'
import { docker, tryDocker } from '../support/docker.ts'
import { dockerApi } from '../support/docker-api.ts'
import { autoName } from './pulumi-apply.ts'

type Inputs = Registered['inputs']

const MIB = 1024 * 1024

export async function makeContainer(inputs: Inputs, logicalName: string) {
  const name: string = inputs.name ?? autoName(logicalName)
  const { Id: id } = await dockerApi<{ Id: string }>(
    'POST',
    `/containers/create?name=${name}`,
    definition(inputs),
  )
  let ended = {}
  try {
    for (const { name: network, aliases } of (inputs.networksAdvanced ?? []).slice(1)) {
      const EndpointConfig = { Aliases: aliases }
      await dockerApi('POST', `/networks/${network}/connect`, { Container: id, EndpointConfig })
    }
    for (const upload of inputs.uploads ?? []) await uploadFile(id, upload)
    if (inputs.start ?? true) await docker('start', id)
    if (inputs.attach) ended = await untilEnded(id)
    if (inputs.wait) await untilHealthy(id, inputs.waitTimeout)
  } catch (error) {
    await docker('rm', '--force', '--volumes', id)
    throw error
  }
  return {
    id,
    outputs: { name, id, ...ended },
    remove: () => removeContainer(id, inputs.destroyGraceSeconds),
  }
}

function definition(inputs: Inputs): object {
  const [network] = inputs.networksAdvanced ?? []
  return {
    Image: inputs.image,
    Cmd: inputs.command,
    Entrypoint: inputs.entrypoints,
    Env: inputs.envs,
    User: inputs.user,
    StopTimeout: inputs.stopTimeout,
    StopSignal: inputs.stopSignal,
    Labels: Object.fromEntries(
      (inputs.labels ?? []).map((one: Record<string, string>) => [one.label, one.value]),
    ),
    Healthcheck: healthcheck(inputs.healthcheck),
    ExposedPorts: Object.fromEntries((inputs.ports ?? []).map((one: Inputs) => [`${one.internal}/tcp`, {}])),
    HostConfig: hostConfig(inputs, network?.name),
    NetworkingConfig: network && { EndpointsConfig: { [network.name]: { Aliases: network.aliases } } },
  }
}

function hostConfig(inputs: Inputs, network: string | undefined): object {
  return {
    ReadonlyRootfs: inputs.readOnly,
    CapDrop: inputs.capabilities?.drops,
    CapAdd: inputs.capabilities?.adds,
    SecurityOpt: inputs.securityOpts,
    Tmpfs: inputs.tmpfs,
    Memory: inputs.memory && inputs.memory * MIB,
    MemorySwap: inputs.memorySwap && inputs.memorySwap * MIB,
    NanoCpus: inputs.cpus && Number(inputs.cpus) * 1e9,
    ShmSize: inputs.shmSize && inputs.shmSize * MIB,
    RestartPolicy: { Name: inputs.restart ?? 'no' },
    LogConfig: inputs.logDriver && { Type: inputs.logDriver, Config: inputs.logOpts },
    Binds: (inputs.volumes ?? []).map(
      (one: Inputs) => `${one.volumeName}:${one.containerPath}${one.readOnly ? ':ro' : ''}`,
    ),
    PortBindings: Object.fromEntries(
      (inputs.ports ?? []).map((one: Inputs) => [
        `${one.internal}/tcp`,
        [{ HostIp: one.ip, HostPort: `${one.external}` }],
      ]),
    ),
    NetworkMode: inputs.networkMode ?? network,
  }
}

function healthcheck(check: Inputs | undefined): object | undefined {
  if (!check) return undefined
  const nanoseconds = (text: string) => Number.parseInt(text, 10) * 1e9
  return {
    Test: check.tests,
    Interval: nanoseconds(check.interval),
    Timeout: nanoseconds(check.timeout),
    StartPeriod: nanoseconds(check.startPeriod),
    StartInterval: nanoseconds(check.startInterval),
    Retries: check.retries,
  }
}

/** An archive over the whole root, as the provider sends it: an engine refuses it where the root is read-only. */
async function uploadFile(
  id: string,
  { file, contentBase64, permissions, owner, group }: Inputs,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'trackyard-upload-'))
  try {
    await writeFile(join(folder, basename(file)), Buffer.from(contentBase64, 'base64'), { mode: 0o600 })
    const { stdout } = await promisify(execFile)(
      'tar',
      [
        '--create',
        `--directory=${folder}`,
        `--owner=${owner}`,
        `--group=${group}`,
        `--mode=${permissions}`,
      ].concat(`--transform=s|^|${file.slice(1, -basename(file).length)}|`, basename(file)),
      { encoding: 'buffer' },
    )
    await dockerApi('PUT', `/containers/${id}/archive?path=/`, stdout)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function removeContainer(id: string, graceSeconds: number | undefined): Promise<void> {
  if (graceSeconds) await docker('stop', '--time', `${graceSeconds}`, id)
  await docker('rm', '--force', '--volumes', id)
}

async function untilEnded(id: string) {
  const exitCode = Number(await docker('wait', id))
  const { stdout, stderr } = await tryDocker('logs', id)
  return { exitCode, containerLogs: stdout + stderr }
}

async function untilHealthy(id: string, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const state = await docker('inspect', id, '--format', '{{.State.Status}} {{.State.Health.Status}}')
    if (state === 'running healthy') return
    if (!/^(running|restarting)/.test(state) || Date.now() > deadline) {
      throw new Error(`${state}:\n${await docker('logs', '--tail', '20', id)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
