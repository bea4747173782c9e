/** A server that may open few files, and is asked for more. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { REPOSITORY } from '../support/mlflow.ts'
import { startServer } from '../support/server-process.ts'

const LIMIT = 256

it('outlives more connections than it may open files, and serves again when they are gone', async () => {
  const folder = await temporaryFolder()
  const server = await startServer({
    command: 'sh',
    args: (port) => [
      '-c',
      `ulimit -n ${LIMIT}; exec "$0" "$@"`,
      join(REPOSITORY, 'bin/trackyard'),
      'server',
      '--port',
      String(port),
    ],
    environment: {
      MLFLOW_BACKEND_STORE_URI: `sqlite:///${join(folder, 'mlflow.db')}`,
      MLFLOW_ARTIFACTS_DESTINATION: join(folder, 'artifacts'),
      TRACKYARD_LOG_LEVEL: 'warn',
    },
    folder,
    startWithinMs: 20_000,
  })
  onTestFinished(() => server.stop('SIGKILL'))
  const { hostname, port } = new URL(server.url)
  const sockets = Array.from({ length: 2 * LIMIT }, () =>
    connect(Number(port), hostname).on('error', () => undefined),
  )
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  // It takes as many as it can, and lets go of those past that.
  await Promise.race(sockets.map((socket) => once(socket, 'close')))
  for (const socket of sockets) socket.destroy()
  const put = () =>
    fetch(`${server.url}/api/2.0/mlflow-artifacts/artifacts/f`, { method: 'PUT', body: 'x' })
      .then(({ status }) => status)
      .catch(() => 0)
  await expect.poll(put, { timeout: 10_000 }).toBe(200)
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
}, 30_000)
