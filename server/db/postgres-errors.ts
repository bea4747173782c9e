/** What PostgreSQL and the way to it answer, as errors a client understands. */
import { ApiError, invalidParameter } from '../errors.ts'

interface Fault extends Error {
  readonly code?: string
  readonly constraint?: string
  readonly table?: string
  readonly column?: string
}

/** A prepared statement that is not there, is there already, or no longer fits its tables. */
const LOST = new Set(['26000', '42P05', '0A000'])
const INTERRUPTED = new Set(['40001', '40P01', ...LOST])
const UNIQUE = '23505'

/** Values that no column takes: too long, out of range, not to be stored or indexed. */
const UNFIT = new Set(['22001', '22003', '22021', '22P02', '22P05', '23514', '54000'])

/**
 * Shut down, starting, too many connections, a standby, a statement or a lock that took too long, credentials that
 * are being changed.
 */
const AWAY = /^(08...|57P0.|57014|53...|25006|55P03|58...|28...|3D000|XX000)$/

/** Errors of the network and of the driver's pool. */
const UNREACHABLE =
  /^(E[A-Z]+|ERR_(SSL|TLS)\w*|CERT_\w+|\w*_CERT\w*|UNABLE_TO_\w+)$|^(Connection terminated|timeout exceeded|timeout expired|Query read timeout|Client has encountered|The server does not support SSL)/

/** Ended by an administrator or a crash, or by whoever is between. */
const CUT_OFF = /^(57P0[12]|ECONNRESET|EPIPE|Connection terminated|Client has encountered)/

/** Whether statements that were prepared are not those of this session: another one's, or of other tables. */
export function isSessionLost(error: unknown): boolean {
  return LOST.has(codeOf(error) ?? '')
}

/** Whether it failed for no fault of its own and works when it is done again. */
export function isInterrupted(error: unknown): boolean {
  return INTERRUPTED.has(codeOf(error) ?? '')
}

/** The same, or the connection ended, or another one wrote a row first that it had looked for in vain. */
export function isOvertaken(error: unknown): boolean {
  return isInterrupted(error) || isCutOff(error) || codeOf(error) === UNIQUE
}

/** Whether the connection ended before the answer came: by an administrator, a failover or the network. */
export function isCutOff(error: unknown): boolean {
  const { code, message } = faultOf(error)
  return CUT_OFF.test(code ?? message)
}

/** Whether the database does not take the user or the password. */
export function isRefused(error: unknown): boolean {
  return codeOf(error)?.startsWith('28') ?? false
}

/** Whether it failed because this column got NULL. */
export function isNullRefused(error: unknown, table: string, column: string): boolean {
  const fault = error as Fault
  return fault.code === '23502' && fault.table === table && fault.column === column
}

/** Whether the connection is of no more use. */
export function isDisconnected(error: unknown): boolean {
  const code = codeOf(error) ?? ''
  return !/^[0-9A-Z]{5}$/.test(code) || /^(08|57P|25006|XX)/.test(code)
}

/** Whether it was asked, and took too long or has to be asked again. */
export function isHeldUp(error: unknown): boolean {
  return isInterrupted(error) || ['57014', '55P03'].includes(codeOf(error) ?? '')
}

/** The same fault as an ApiError where the client or its next attempt can do something about it. */
export function toApiError(error: unknown): unknown {
  if (error instanceof ApiError) return error
  const { code = '', message } = error as Fault
  if (UNFIT.has(code)) return invalidParameter(`A value cannot be stored: ${message}`, { cause: error })
  if (code === UNIQUE) return new ApiError('RESOURCE_ALREADY_EXISTS', 'It exists already.', { cause: error })
  if (code === '23503')
    return new ApiError('RESOURCE_DOES_NOT_EXIST', 'What this belongs to does not exist.', { cause: error })
  if (INTERRUPTED.has(code) || AWAY.test(code) || UNREACHABLE.test(code || message)) {
    return new ApiError('TEMPORARILY_UNAVAILABLE', 'The database is not available; try again.', {
      cause: error,
    })
  }
  return error
}

function codeOf(error: unknown): string | undefined {
  return faultOf(error).code
}

function faultOf(error: unknown): Fault {
  return (error instanceof ApiError ? (error.cause ?? error) : error) as Fault
}
