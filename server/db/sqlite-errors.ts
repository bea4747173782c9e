/** What SQLite says while a disk or another process is in its way, as errors a client understands. */
import { ApiError } from '../errors.ts'

/** Result codes of SQLite, without what some of them are extended by. */
const BUSY = 5
const LOCKED = 6
const READONLY = 8
const IO = 10
const FULL = 13
const CANNOT_OPEN = 14

/** Whether another process, or another connection of this one, holds what is asked for. */
export function isBusy(error: unknown): boolean {
  return [BUSY, LOCKED].includes(codeOf(error))
}

/** The same fault as an ApiError where the next attempt may go well. */
export function toApiError(error: unknown): unknown {
  switch (codeOf(error)) {
    case BUSY:
    case LOCKED:
      return unavailable('The database is not available; try again.', error)
    case FULL:
      return unavailable('No space is left where this server keeps its database.', error)
    case READONLY:
    case IO:
    case CANNOT_OPEN:
      return unavailable('This server cannot reach its database now; its log says why.', error)
    default:
      return error
  }
}

function codeOf(error: unknown): number {
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff
}

function unavailable(message: string, cause: unknown): ApiError {
  return new ApiError('TEMPORARILY_UNAVAILABLE', message, { cause })
}
