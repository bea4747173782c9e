/** The right-hand sides of comparisons. */
import { type ApiError, invalidParameter } from '../errors.ts'
import type { Int64 } from '../wire.ts'
import type { Key } from './grammar.ts'
import { parseListLiteral } from './list-literal.ts'
import type { Operand } from './syntax.ts'

const INT64_MAX = 2n ** 63n - 1n

/** A number as a double. */
export function readNumber({ kind }: Key, operand: Operand): number {
  if (isNumber(operand)) return Number(operand.text)
  throw invalidParameter(`Expected numeric value type for ${kind}. Found ${operand.text}`)
}

/** A number for a column of whole ones, in all its digits. */
export function readInteger({ name }: Key, operand: Operand): Int64 {
  if (!isNumber(operand)) {
    throw invalidParameter(
      `Expected numeric value type for numeric attribute: ${name}. Found ${operand.text}`,
    )
  }
  return operand.kind === 'float' ? Number(operand.text) : toInt64(operand.text)
}

/** A whole number, which may be in quotes where `quoted` says so. */
export function readWhole(key: Key, operand: Operand, quoted: boolean): Int64 {
  if (operand.kind === 'integer') return toInt64(operand.text)
  const inner = quoted && operand.kind !== 'float' ? readText(key, operand).trim() : operand.text
  if (quoted && /^[+-]?\d+$/.test(inner)) return toInt64(inner.replace('+', ''))
  throw invalidParameter(`Invalid value for numeric attribute '${key.name}': ${operand.text}`)
}

/** An id from a filter. */
export function toId(text: string): number {
  if (/^\s*[+-]?\d{1,15}\s*$/.test(text)) return Number(text)
  throw invalidParameter(`Invalid experiment ID '${text}'. Experiment ID must be a valid integer.`)
}

/** @throws ApiError for a whole number that no column can hold */
function toInt64(text: string): Int64 {
  const digits = BigInt(text)
  if (digits > INT64_MAX || digits < -INT64_MAX) throw invalidParameter(`The number ${text} is out of range`)
  return Number.isSafeInteger(Number(digits)) ? Number(digits) : digits
}

/** A string, which must be in quotes. */
export function readText({ kind }: Key, operand: Operand): string {
  const { text } = operand
  if (operand.kind !== 'string' && operand.kind !== 'identifier') {
    throw notQuoted(kind, text)
  }
  const quote = text.charAt(0)
  if (text.length >= 2 && (quote === "'" || quote === '"') && text.endsWith(quote)) return text.slice(1, -1)
  throw invalidParameter(
    `Parameter value is either not quoted or unidentified quote types used for string value ${text}. Use either single or double quotes.`,
  )
}

/** The strings of a list, where the key takes one. */
export function readTexts(lists: readonly string[] | 'any', key: Key, operand: Operand): string[] {
  if (!['attribute', 'dataset', 'span'].includes(key.kind) && lists !== 'any') {
    throw notQuoted(key.kind, operand.text)
  }
  if (key.kind === 'attribute' && lists !== 'any' && !lists.includes(key.name)) {
    const names = lists.map((name) => `'${name}'`).join(', ')
    throw invalidParameter(
      `Only [${names}] attributes support comparison with a list of quoted string values.`,
    )
  }
  return parseListLiteral(operand.text)
}

/** Any text, in single quotes or in none. */
export function readLooseText({ text }: Operand): string {
  return text.replace(/^'+|'+$/g, '')
}

/** A number in any spelling of Python's. */
export function readLooseNumber({ kind }: Key, { text }: Operand): number {
  const plain = text.trim().replace(/(?<=\d)_(?=\d)/g, '')
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return Number(plain)
  const named = /^([+-]?)(inf|infinity|nan)$/i.exec(plain)
  if (!named) throw invalidParameter(`Expected numeric value type for ${kind}. Found ${text}`)
  if (named[2]?.toLowerCase() === 'nan') return Number.NaN
  return named[1] === '-' ? -Infinity : Infinity
}

function notQuoted(kind: Key['kind'], text: string): ApiError {
  const what =
    kind === 'attribute'
      ? 'attributes.'
      : kind === 'dataset'
        ? 'dataset attributes.'
        : `${kind} (e.g. 'my-value').`
  return invalidParameter(`Expected a quoted string value for ${what} Got value ${text}`)
}

function isNumber({ kind }: Operand): boolean {
  return kind === 'integer' || kind === 'float'
}
