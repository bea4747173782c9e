import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { notFound, replacedWhileRead } from '../errors.ts'
import type { ArtifactFile } from './index.ts'
import { diskFault } from './local-path.ts'

const CHUNK_BYTES = 256 * 1024

/** The artifact at `path`, which is the file `real` as `stats` saw it; it is opened only when it is read. */
export function readingOf(real: string, stats: BigIntStats, path: string): ArtifactFile {
  const sizeBytes = Number(stats.size)
  return {
    sizeBytes,
    modifiedAt: new Date(Number(stats.mtimeMs)),
    etag: etagOf(stats),
    read: ({ start, end } = { start: 0, end: sizeBytes - 1 }) =>
      Readable.from(bytesOf(real, stats, path, start, end), {
        objectMode: false,
        highWaterMark: CHUNK_BYTES,
      }),
  }
}

/** Times of files go in steps of milliseconds, but every upload is a file of its own. */
function etagOf({ ino, mtimeNs, size }: BigIntStats): string {
  return `"${[ino, mtimeNs, size].map((part) => part.toString(16)).join('-')}"`
}

async function* bytesOf(
  real: string,
  expected: BigIntStats,
  path: string,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  if (end < start) return
  const file = await openAgain(real, path)
  try {
    const stats = await file.stat({ bigint: true })
    if (etagOf(stats) !== etagOf(expected)) throw replacedWhileRead(path)
    for (let position = start; position <= end; ) {
      const length = Math.min(CHUNK_BYTES, end + 1 - position)
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, position)
      if (bytesRead === 0) throw replacedWhileRead(path)
      yield buffer.subarray(0, bytesRead)
      position += bytesRead
    }
  } catch (error) {
    throw diskFault(error, path)
  } finally {
    await file.close()
  }
}

async function openAgain(real: string, path: string): Promise<FileHandle> {
  try {
    return await open(real, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw notFound(`No such artifact: '${path}'`)
    throw diskFault(error, path)
  }
}
