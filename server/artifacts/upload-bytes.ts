import type { Readable } from 'node:stream'
import { ApiError } from '../errors.ts'
import { inTurns } from './in-turns.ts'

/**
 * The bytes of an upload as they come. The stream lives on when it is left early: it is the request that still
 * wants an answer.
 * @throws ApiError when the client goes away half-way
 */
export async function* uploadBytes(body: Readable): AsyncGenerator<Buffer> {
  try {
    yield* inTurns(body.iterator({ destroyOnReturn: false }))
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw new ApiError('BAD_REQUEST', 'The upload ended before all of it had come.', { cause: error })
  }
}
