import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { docker, hasDockerEngine } from '../support/docker.ts'
import { freePort } from '../support/server-process.ts'
import { createExperiment, expectConfined, findExperiment } from './local-tier.ts'

const COMPOSE_FILE = join(import.meta.dirname, '../../docker-compose.yaml')

describe.skipIf(!hasDockerEngine())('docker compose up', () => {
  it('serves on this machine only, confined, and finds its data again after down', async () => {
    const { compose, url, port } = await project()
    await compose('up', '--detach', '--wait')
    await expectConfined(await compose('ps', '--quiet', 'server'), port)
    await createExperiment(url, 'kept')
    await compose('down')
    await expect(fetch(`${url}/health`)).rejects.toThrow()
    await compose('up', '--detach', '--wait')
    expect(await findExperiment(url, 'kept')).toMatchObject({ experiment: { name: 'kept' } })
  }, 600_000)
})

/** A compose project with a name, a port, an image and a volume of its own; all are gone when the test is over. */
async function project() {
  const port = await freePort()
  const name = `trackyard-test-${port}`
  const variables = join(await temporaryFolder(), '.env')
  await writeFile(variables, `MLFLOW_PORT=${port}\nTRACKYARD_IMAGE=${name}\n`)
  const where = [
    '--file',
    COMPOSE_FILE,
    '--env-file',
    variables,
    '--project-name',
    name,
    '--profile',
    'local',
  ]
  const compose = (...args: string[]) => docker('compose', ...where, ...args)
  onTestFinished(async () => {
    await compose('down', '--volumes', '--rmi', 'all')
  })
  return { compose, port, url: `http://127.0.0.1:${port}` }
}
