import type { Readable } from 'node:stream'
import { ApiError } from '../errors.ts'
import { type Batch, batchesOf } from './batches.ts'

/** @throws ApiError when the client goes away half-way */
export async function* uploadBatches(body: Readable): AsyncGenerator<Batch> {
  try {
    yield* batchesOf(body)
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw new ApiError('BAD_REQUEST', 'The upload ended before all of it had come.', { cause: error })
  }
}
