/** What is asked of a fault without knowing which database it comes from. */
import { ApiError } from '../errors.ts'
import * as mysql from './mysql-errors.ts'
import * as postgres from './postgres-errors.ts'

/** Whether there was nobody to ask, or no connection to ask through: not a statement that took too long. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof ApiError) || error.code !== 'TEMPORARILY_UNAVAILABLE') return false
  return !postgres.isHeldUp(error) && !mysql.isHeldUp(error)
}

/** The first cause of a fault in one line, for the operator. */
export function reasonOf(error: unknown): string {
  const { cause } = error as Error
  const fault = (error instanceof ApiError && cause ? cause : error) as Error & { errors?: readonly Error[] }
  return (
    (fault.message || fault.errors?.map((one) => one.message).join(', ') || String(fault)).split('\n')[0] ??
    ''
  )
}
