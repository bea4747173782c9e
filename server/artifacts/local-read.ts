import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { notFound, replacedWhileRead } from '../errors.ts'
import type { Batch } from './batches.ts'
import type { ArtifactFile } from './index.ts'
import { diskFault } from './local-path.ts'

/** A download has two of them: one is sent while the other one is filled. */
const BUFFER_BYTES = 512 * 1024

/** The artifact at `path`, which is the file `real` as `stats` saw it; it is opened only when it is read. */
export function readingOf(real: string, stats: BigIntStats, path: string): ArtifactFile {
  const sizeBytes = Number(stats.size)
  return {
    sizeBytes,
    modifiedAt: new Date(Number(stats.mtimeMs)),
    etag: etagOf(stats),
    read: ({ start, end } = { start: 0, end: sizeBytes - 1 }) => batchesAt(real, stats, path, start, end),
  }
}

/** Times of files go in steps of milliseconds, but every upload is a file of its own. */
function etagOf({ ino, mtimeNs, size }: BigIntStats): string {
  return `"${[ino, mtimeNs, size].map((part) => part.toString(16)).join('-')}"`
}

async function* batchesAt(
  real: string,
  expected: BigIntStats,
  path: string,
  start: number,
  end: number,
): AsyncGenerator<Batch> {
  if (end < start) return
  const file = await openAgain(real, path)
  const fill = (position: number, memory?: Buffer) => {
    const length = Math.min(BUFFER_BYTES, end + 1 - position)
    return file.read(memory ?? Buffer.allocUnsafeSlow(length), 0, length, position)
  }
  try {
    const stats = await file.stat({ bigint: true })
    if (etagOf(stats) !== etagOf(expected)) throw replacedWhileRead(path)
    let filling = fill(start)
    let idle: Buffer | undefined
    for (let position = start; position <= end; ) {
      const { bytesRead, buffer } = await filling
      if (bytesRead === 0) throw replacedWhileRead(path)
      position += bytesRead
      if (position <= end) filling = fill(position, idle)
      // Looked at only when the bytes before are sent.
      filling.catch(() => undefined)
      yield [buffer.subarray(0, bytesRead)]
      idle = buffer
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
