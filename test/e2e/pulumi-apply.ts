/**
 * Makes the resources of a Pulumi program on a real Docker engine, from nothing and once: what the provider would
 * send to the engine is sent by the docker command. No diff, no state, so it is not `pulumi up`.
 */
import { onTestFinished } from 'vitest'
import type { Create, Created, Registered } from '../stacks/pulumi-engine.ts'
import { docker } from '../support/docker.ts'

const MAKERS: Record<string, (inputs: Registered['inputs']) => Promise<Created>> = {
  'docker:index/volume:Volume': makeVolume,
  'docker:index/remoteImage:RemoteImage': findImage,
  'docker:index/image:Image': buildImage,
  'docker:index/container:Container': runContainer,
}

/** For `startEngine`; what it makes is gone when the test is over. */
export const createOnEngine: Create = async ({ type, name, inputs }) => {
  const make = MAKERS[type]
  if (make) return make(inputs)
  if (type.startsWith('docker:')) throw new Error(`${type} cannot be made here: add it to MAKERS`)
  return { id: name }
}

async function makeVolume({ name }: Registered['inputs']): Promise<Created> {
  await docker('volume', 'create', name)
  onTestFinished(async () => void (await docker('volume', 'rm', '--force', name)))
  return { id: name }
}

async function findImage({ name }: Registered['inputs']): Promise<Created> {
  const imageId = await docker('image', 'inspect', name, '--format', '{{.Id}}')
  return { id: imageId, outputs: { imageId } }
}

async function buildImage({ imageName, build }: Registered['inputs']): Promise<Created> {
  await docker('build', '--quiet', '--file', build.dockerfile, '--tag', imageName, build.context)
  onTestFinished(async () => void (await docker('rmi', '--force', imageName)))
  const repoDigest = await docker('image', 'inspect', imageName, '--format', '{{.Id}}')
  return { id: repoDigest, outputs: { repoDigest } }
}

async function runContainer(inputs: Registered['inputs']): Promise<Created> {
  const id = await docker('create', ...processOptions(inputs), ...sandboxOptions(inputs), inputs.image)
  onTestFinished(async () => void (await docker('rm', '--force', '--volumes', id)))
  await docker('start', id)
  if (inputs.wait) await untilHealthy(id, inputs.waitTimeout)
  return { id }
}

function processOptions(inputs: Registered['inputs']): string[] {
  const { name, envs, ports, volumes, restart, stopTimeout, healthcheck, logDriver, logOpts } = inputs
  const [, ...healthCommand] = healthcheck.tests
  return [
    ...['--name', name, '--restart', restart, '--stop-timeout', `${stopTimeout}`, '--log-driver', logDriver],
    ...envs.flatMap((one: string) => ['--env', one]),
    ...ports.flatMap(({ ip, external, internal }: Record<string, unknown>) => [
      '--publish',
      `${ip}:${external}:${internal}`,
    ]),
    ...volumes.flatMap((one: Record<string, string>) => [
      '--volume',
      `${one.volumeName}:${one.containerPath}`,
    ]),
    ...Object.entries(logOpts).flatMap(([key, value]) => ['--log-opt', `${key}=${value}`]),
    // The command line knows a shell's form only, and the image has no shell: only the timing is taken over.
    ...(healthCommand.join(' ') === 'trackyard health' ? [] : ['--no-healthcheck']),
    ...['--health-interval', healthcheck.interval, '--health-timeout', healthcheck.timeout],
    ...['--health-start-period', healthcheck.startPeriod, '--health-retries', `${healthcheck.retries}`],
  ]
}

function sandboxOptions(inputs: Registered['inputs']): string[] {
  return [
    ...(inputs.readOnly ? ['--read-only'] : []),
    ...['--user', inputs.user, '--memory', `${inputs.memory}m`, '--memory-swap', `${inputs.memorySwap}m`],
    ...inputs.capabilities.drops.flatMap((one: string) => ['--cap-drop', one]),
    ...inputs.securityOpts.flatMap((one: string) => ['--security-opt', one]),
    ...Object.entries(inputs.tmpfs).flatMap(([path, options]) => ['--tmpfs', `${path}:${options}`]),
  ]
}

async function untilHealthy(id: string, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const state = await docker('inspect', id, '--format', '{{.State.Status}} {{.State.Health.Status}}')
    if (state === 'running healthy') return
    if (!state.startsWith('running') || Date.now() > deadline) {
      throw new Error(`${state}:\n${await docker('logs', '--tail', '20', id)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
