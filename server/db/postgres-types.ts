import type { types as PgTypes } from 'pg'
import type { Int64 } from '../wire.ts'

type Parser = (text: string) => unknown

const asIs: Parser = (text) => text

/** By the type's number in pg_type: rows read as those of SQLite do. */
const PARSERS = new Map<number, Parser>([
  [20, int8],
  // Dates, and JSON as the text it was stored as.
  [1082, asIs],
  [114, asIs],
])

export function typeParsers(types: typeof PgTypes) {
  const getTypeParser = (oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && PARSERS.get(oid)) || types.getTypeParser(oid, format as 'text')
  return { getTypeParser } as typeof PgTypes
}

/** A number, or a bigint where a number would lose digits. */
function int8(digits: string): Int64 {
  const value = Number(digits)
  return Number.isSafeInteger(value) ? value : BigInt(digits)
}
