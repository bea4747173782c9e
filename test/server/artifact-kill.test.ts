/** The server killed at any byte of an upload: nobody ever sees a part of the file as the file. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startTrackyard } from '../support/mlflow.ts'
import { BUCKET, s3Program, startS3 } from '../support/s3.ts'
import { MIB, ROUTE } from './s3-support.ts'
import { temporaryFolder } from './support.ts'

const program = await s3Program()
const BYTES = 20 * MIB
const BODY = Buffer.alloc(BYTES, 'k')
/** At the start, in the first batch, between two, in the second part of S3, before the last byte, and after it. */
const KILLED_AFTER = [1, MIB / 2, MIB, 9 * MIB + 7, BYTES - 1, BYTES]

async function sendPart(url: string, name: string, bytes: number): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  socket.write(`PUT ${ROUTE}/cut/${name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${BYTES}\r\n\r\n`)
  const sent = new Promise((resolve) => socket.write(BODY.subarray(0, bytes), resolve))
  await Promise.race([sent, once(socket, 'close')])
  return socket
}

/** Kills the server in all uploads at once, and gives the size of each file that the next one has. */
async function killedInEach(
  environment: Record<string, string>,
): Promise<Record<string, number | undefined>> {
  const folder = await temporaryFolder()
  const found: Record<string, number | undefined> = {}
  const killed = await startTrackyard({ folder, environment })
  onTestFinished(() => killed.stop('SIGKILL'))
  await fetch(`${killed.url}${ROUTE}/cut/whole`, { method: 'PUT', body: 'whole' })
  await Promise.all(KILLED_AFTER.map((bytes) => sendPart(killed.url, String(bytes), bytes)))
  await killed.stop('SIGKILL')
  const server = await startTrackyard({ folder, environment })
  onTestFinished(() => server.stop('SIGKILL'))
  const listed = await fetch(`${server.url}${ROUTE}?path=cut`)
  const { files = [] } = (await listed.json()) as { files?: { path: string; file_size: number }[] }
  for (const { path } of files) {
    const answer = await fetch(`${server.url}${ROUTE}/cut/${path}`)
    found[path] = (await answer.arrayBuffer()).byteLength
  }
  return found
}

describe('an upload whose server is killed', () => {
  it.each([
    ['on a local disk', async () => ({})],
    ...(program ? [['in S3', () => onS3(program)] as const] : []),
  ] as const)('is there as a whole or not at all, %s', { timeout: 120_000 }, async (_where, environment) => {
    const { whole, [String(BYTES)]: last, ...others } = await killedInEach(await environment())
    expect([whole, others]).toEqual([5, {}])
    expect([undefined, BYTES]).toContain(last)
  })
})

async function onS3(path: string): Promise<Record<string, string>> {
  const s3 = await startS3(path)
  onTestFinished(() => s3.stop())
  return { ...s3.environment, MLFLOW_ARTIFACTS_DESTINATION: `s3://${BUCKET}/killed` }
}
