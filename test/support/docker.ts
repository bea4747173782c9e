/** A real Docker engine, through its own command line. */
import { execFile, execFileSync, type SpawnSyncReturns } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

const REPOSITORY = join(import.meta.dirname, '../..')

/** Whether an engine answers. Where none does the reason is printed; in CI that is a failure. */
export function hasDockerEngine(): boolean {
  try {
    execFileSync('docker', ['version', '--format', '{{.Server.Version}}'], { stdio: 'pipe', timeout: 20_000 })
    return true
  } catch (error) {
    const { stderr, message } = error as SpawnSyncReturns<Buffer> & Error
    const reason = `no Docker engine: ${String(stderr ?? '').trim() || message}`
    if (process.env.CI === 'true') throw new Error(reason, { cause: error })
    console.warn(`skipped: ${reason.split('\n')[0]}`)
    return false
  }
}

/** Runs `docker` to its end and gives its standard output. @throws with its standard error when it fails */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('docker', args, { maxBuffer: 64_000_000 })
  return stdout.trim()
}

/** Runs `docker` and gives what it printed and its exit code. */
export async function tryDocker(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await promisify(execFile)('docker', args)) }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}

/** Builds the image of this checkout. */
export async function buildImage(tag: string): Promise<void> {
  await docker('build', '--quiet', '--file', join(REPOSITORY, 'docker/Dockerfile'), '--tag', tag, REPOSITORY)
}

/** Starts a container on a free port of this machine; it is gone when the test is over. */
export async function startContainer(image: string, options: readonly string[] = []): Promise<Container> {
  const id = await docker('run', '--detach', '--publish', '127.0.0.1::5000', ...options, image)
  onTestFinished(async () => {
    await docker('rm', '--force', '--volumes', id)
  })
  const address = await docker('port', id, '5000/tcp')
  return { id, url: `http://${address.split('\n')[0]}` }
}

/** A volume of its own; it is gone when the test is over. */
export async function createVolume(): Promise<string> {
  const volume = await docker('volume', 'create')
  onTestFinished(async () => {
    await docker('volume', 'rm', '--force', volume)
  })
  return volume
}

export interface Container {
  readonly id: string
  readonly url: string
}
