import { type BigIntStats, constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ArtifactFile } from './index.ts'

const CHUNK_BYTES = 256 * 1024

/** The file at a real path, as `stats` saw it; it is opened only when it is read. */
export function readingOf(path: string, stats: BigIntStats): ArtifactFile {
  const sizeBytes = Number(stats.size)
  return {
    sizeBytes,
    modifiedAt: new Date(Number(stats.mtimeMs)),
    etag: etagOf(stats),
    read: ({ start, end } = { start: 0, end: sizeBytes - 1 }) =>
      Readable.from(bytesOf(path, stats, start, end), { objectMode: false, highWaterMark: CHUNK_BYTES }),
  }
}

/** Times of files go in steps of milliseconds, but every upload is a file of its own. */
function etagOf({ ino, mtimeNs, size }: BigIntStats): string {
  return `"${[ino, mtimeNs, size].map((part) => part.toString(16)).join('-')}"`
}

async function* bytesOf(
  path: string,
  expected: BigIntStats,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  if (end < start) return
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const stats = await file.stat({ bigint: true })
    if (etagOf(stats) !== etagOf(expected)) throw new Error(`${path} was replaced while it was being read`)
    for (let position = start; position <= end; ) {
      const length = Math.min(CHUNK_BYTES, end + 1 - position)
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, position)
      if (bytesRead === 0) throw new Error(`${path} was cut short while it was being read`)
      yield buffer.subarray(0, bytesRead)
      position += bytesRead
    }
  } finally {
    await file.close()
  }
}
