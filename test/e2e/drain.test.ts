import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { startTrackyard } from '../support/mlflow.ts'

it('finishes the upload that is in flight when it is told to end, and takes no new request', async () => {
  const server = await startTrackyard({
    folder: await temporaryFolder(),
    environment: { TRACKYARD_LOG_LEVEL: 'info' },
  })
  const upload = request(`${server.url}/api/2.0/mlflow-artifacts/artifacts/1/slow.bin`, {
    method: 'PUT',
    // A client that keeps its connection must not hold up the end.
    agent: new Agent({ keepAlive: true }),
  })
  const answered = new Promise<number | undefined>((resolve, reject) => {
    upload.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject)
  })
  upload.write('first half, ')
  await delay(200)
  const stopped = server.stop()
  await delay(300)
  const refused = await fetch(`${server.url}/health`).then(
    (response) => response.status,
    () => 'refused',
  )
  upload.end('second half')
  expect(await answered).toBe(200)
  expect(refused).toBe('refused')
  const answeredAt = Date.now()
  await stopped
  expect(Date.now() - answeredAt).toBeLessThan(4_000)
  expect(server.output()).toContain('finishing the requests in flight')
  expect(server.output()).not.toContain('"level":50')
})

it('tells a proxy to send nothing more before it takes no new request', async () => {
  const server = await startTrackyard({
    folder: await temporaryFolder(),
    environment: { TRACKYARD_LEAVE_SECONDS: '2' },
  })
  const stopped = server.stop()
  await expect.poll(async () => (await fetch(`${server.url}/health`)).status).toBe(503)
  const served = await fetch(`${server.url}/api/2.0/mlflow/experiments/get?experiment_id=0`)
  expect(served.status).toBe(200)
  await stopped
  await expect(fetch(`${server.url}/health`)).rejects.toThrow()
})
