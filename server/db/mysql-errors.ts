/** What MySQL, MariaDB and the way to them answer, as errors a client understands. */
import { ApiError, invalidParameter } from '../errors.ts'

interface Fault extends Error {
  readonly code?: string
  /** The server's number; the operating system's are negative. */
  readonly errno?: number
  /** Said by the driver, without a code too, of a connection that has ended. */
  readonly fatal?: boolean
}

/** A deadlock, of which a cluster tells too, and a row that changed since it was read. */
const INTERRUPTED = new Set([1020, 1213])
const UNIQUE = new Set([1062, 1586])
const NO_PARENT = new Set([1216, 1452])

/** Values that no column takes: too long, out of range, of another character set, refused by a CHECK. */
const UNFIT = new Set([1071, 1118, 1153, 1264, 1265, 1292, 1300, 1366, 1367, 1406, 1690, 3140, 3819, 4025])

/** Not this connection any more: shut down, killed, idle for too long, out of step. */
const GONE = new Set([1053, 1152, 1156, 1157, 1158, 1159, 1160, 1161, 1184, 1927, 4031])

/** The same, as the driver says it of a connection that it finds closed. */
const CUT_OFF = /^(ECONNRESET|EPIPE|PROTOCOL_CONNECTION_LOST$|Can't add new command)/

/**
 * Too many connections, credentials that are being changed, a database that is being moved, a disk that is full, a
 * replica, a statement or a lock that took too long, a node outside its cluster.
 */
const AWAY = new Set([
  ...[1021, 1040, 1041, 1044, 1045, 1047, 1049, 1114, 1129, 1130, 1135, 1203, 1205, 1206, 1226, 1290, 1317],
  ...[1524, 1698, 1792, 1820, 1836, 1862, 1969, 3024, 3032, 3118, 3159, 3572, 3955, 4151],
])

/** Errors of the network, the driver and the pool. */
const UNREACHABLE =
  /^(E[A-Z]+|ERR_(SSL|TLS)\w*|CERT_\w+|\w*_CERT\w*|UNABLE_TO_\w+|PROTOCOL_\w+|HANDSHAKE_\w+)$/

/** A statement, or its wait for a lock, that was ended for the time it took. */
const TOO_LONG = new Set([1205, 1317, 1969, 3024, 3572])

export function isInterrupted(error: unknown): boolean {
  return INTERRUPTED.has(numberOf(error))
}

/** Whether it was asked, and took too long or has to be asked again. */
export function isHeldUp(error: unknown): boolean {
  return isInterrupted(error) || TOO_LONG.has(numberOf(error))
}

/** The same, or the connection ended, or another one wrote a row first that it had looked for in vain. */
export function isOvertaken(error: unknown): boolean {
  return isInterrupted(error) || isCutOff(error) || UNIQUE.has(numberOf(error))
}

/** Whether the connection ended before the answer came: by an administrator, a failover or the network. */
export function isCutOff(error: unknown): boolean {
  const { code, message } = faultOf(error)
  return GONE.has(numberOf(error)) || CUT_OFF.test(code ?? message)
}

/** Whether the database does not take the user or the password. */
export function isRefused(error: unknown): boolean {
  return [1045, 1698].includes(numberOf(error))
}

/** Whether the connection is of no more use. */
export function isDisconnected(error: unknown): boolean {
  const number = numberOf(error)
  return number <= 0 || GONE.has(number)
}

/** The same fault as an ApiError where the client or its next attempt can do something about it. */
export function toApiError(error: unknown): unknown {
  if (error instanceof ApiError) return error
  const { code = '', fatal, message } = error as Fault
  const number = numberOf(error)
  if (UNFIT.has(number)) return invalidParameter(`A value cannot be stored: ${message}`, { cause: error })
  if (UNIQUE.has(number))
    return new ApiError('RESOURCE_ALREADY_EXISTS', 'It exists already.', { cause: error })
  if (NO_PARENT.has(number))
    return new ApiError('RESOURCE_DOES_NOT_EXIST', 'What this belongs to does not exist.', { cause: error })
  const isAway = INTERRUPTED.has(number) || GONE.has(number) || AWAY.has(number)
  if (isAway || (number <= 0 && (fatal || UNREACHABLE.test(code)))) {
    return new ApiError('TEMPORARILY_UNAVAILABLE', 'The database is not available; try again.', {
      cause: error,
    })
  }
  return error
}

function numberOf(error: unknown): number {
  return faultOf(error).errno ?? 0
}

function faultOf(error: unknown): Fault {
  return (error instanceof ApiError ? (error.cause ?? error) : error) as Fault
}
