/** An upload cut into the parts that S3 wants. */
import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Batch } from './batches.ts'
import { memoryForPart, PART_BYTES } from './s3-part-memory.ts'
import type { S3Place } from './s3-place.ts'

const PARTS_OF_ONE_SIZE = 2_000
const MOST_DOUBLINGS = 3

export interface Part {
  readonly bytes: Buffer
  readonly sha256: Buffer
}

export const NO_BYTES: Part = { bytes: Buffer.alloc(0), sha256: createHash('sha256').digest() }

/** Parts in the order they came; each but the last has its full size. An empty upload has none. */
export async function* partsOf(batches: AsyncIterable<Batch>): AsyncGenerator<Part, undefined> {
  let number = 1
  let part = new PartInProgress(partBytes(number), 0)
  for await (const batch of batches) {
    for (const chunk of batch) {
      for (let rest = part.take(chunk); rest.length > 0 || part.isFull; rest = part.take(rest)) {
        yield part.end()
        const size = partBytes(++number)
        part = new PartInProgress(size, size)
      }
    }
    // A fast client would take every turn of the event loop.
    await nextTurn()
  }
  if (!part.isEmpty) yield part.end()
}

function partBytes(number: number): number {
  return PART_BYTES * 2 ** Math.min(MOST_DOUBLINGS, Math.floor((number - 1) / PARTS_OF_ONE_SIZE))
}

/** Joins and hashes chunk by chunk: all at once at the end of a part would keep every other request waiting. */
class PartInProgress {
  readonly #size: number
  readonly #least: number
  readonly #hash = createHash('sha256')
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0

  /** @param least how much memory it takes with its first byte */
  constructor(size: number, least: number) {
    this.#size = size
    this.#least = least
  }

  get isFull(): boolean {
    return this.#length === this.#size
  }

  get isEmpty(): boolean {
    return this.#length === 0
  }

  /** @returns what has no place in this part */
  take(chunk: Buffer): Buffer {
    const taken = chunk.subarray(0, this.#size - this.#length)
    this.#hash.update(taken)
    this.#grow(this.#length + taken.length)
    taken.copy(this.#bytes, this.#length)
    this.#length += taken.length
    return chunk.subarray(taken.length)
  }

  end(): Part {
    return { bytes: this.#bytes.subarray(0, this.#length), sha256: this.#hash.digest() }
  }

  /** A small file gets no more memory than it needs; the sizes between cost a copy each. */
  #grow(length: number): void {
    if (length <= this.#bytes.length) return
    const wanted = Math.max(length, this.#bytes.length * 4, this.#least)
    const grown = memoryForPart(Math.min(this.#size, wanted))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}

/** For `step: 'build'`: a signature covers the hash of a body, which the SDK would take of all its bytes at once. */
export function withHash({ sha256 }: Part) {
  return <A extends { request: unknown }, R>(next: (args: A) => Promise<R>) =>
    (args: A) => {
      const request = args.request as { headers: Record<string, string> }
      request.headers['x-amz-content-sha256'] = sha256.toString('hex')
      return next(args)
    }
}

/** What an upload in parts must say at its beginning for its parts to have checksums. */
export function checksumsOf({ wantsChecksums }: S3Place) {
  return wantsChecksums ? ({ ChecksumAlgorithm: 'SHA256' } as const) : {}
}

/** The hash again, as a checksum that S3 keeps with the object. */
export function checksumOf({ sha256 }: Part, { wantsChecksums }: S3Place) {
  return wantsChecksums ? { ChecksumSHA256: sha256.toString('base64') } : {}
}
