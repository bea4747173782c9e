import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { uploadBatches } from '../../server/artifacts/upload-batches.ts'

const KIB = 1024
const MIB = KIB ** 2

function client(): Readable {
  return new Readable({ read: () => undefined })
}

function bytesOf(batch: readonly Buffer[] | undefined): number {
  return (batch ?? []).reduce((sum, { length }) => sum + length, 0)
}

describe('the batches of an upload', () => {
  it.each([1, 100, 64 * KIB, MIB, MIB + 1, 5 * MIB])(
    'have every byte in order in chunks of %i',
    async (size) => {
      const sent = Buffer.from(Array.from({ length: 3_000 }, (_, index) => index % 251).join())
      const all = Buffer.concat(Array.from({ length: Math.ceil(size / sent.length) + 1 }, () => sent))
      const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
        all.subarray(index * size, (index + 1) * size),
      )
      const taken: Buffer[] = []
      for await (const batch of uploadBatches(Readable.from(chunks, { objectMode: false }))) {
        expect(batch.length).toBeLessThanOrEqual(1024)
        taken.push(...batch)
        await nextTurn()
      }
      expect(Buffer.concat(taken).equals(all)).toBe(true)
    },
  )

  it('are none of an empty one', async () => {
    expect(await uploadBatches(Readable.from([])).next()).toEqual({ done: true, value: undefined })
  })

  it.each([0, 1, MIB])(
    'end in an error when the client goes while one is written, %i bytes after it',
    async (more) => {
      const body = client()
      const batches = uploadBatches(body)
      const first = batches.next()
      body.push(Buffer.alloc(MIB))
      expect(bytesOf((await first).value ?? undefined)).toBe(MIB)
      if (more > 0) body.push(Buffer.alloc(more))
      await nextTurn()
      body.destroy()
      await once(body, 'close')
      await nextTurn()
      await expect(batches.next()).rejects.toThrow('The upload ended before all of it had come.')
    },
  )

  it('wait for the disk: a fast client gets rid of two, not more', async () => {
    let sent = 0
    const body = new Readable({
      read() {
        sent += 64 * KIB
        this.push(Buffer.alloc(64 * KIB))
      },
    })
    const batches = uploadBatches(body)
    await batches.next()
    for (let turn = 0; turn < 100; turn++) await nextTurn()
    expect(sent).toBeGreaterThan(MIB)
    expect(sent).toBeLessThanOrEqual(2 * MIB + 256 * KIB)
    await batches.return(undefined)
    expect(body.destroyed).toBe(false)
  })
})
