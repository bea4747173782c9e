/** The list of an IN, which MLflow reads as a Python tuple of strings. */
import { invalidParameter } from '../errors.ts'

const ILL_FORMED =
  'While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.'
const EMPTY =
  'While parsing a list in the query, expected a non-empty list of string values, but got empty list'

const ESCAPES: Record<string, string> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/**
 * Reads `('a', "b")`.
 * @throws ApiError when it is empty or holds anything but strings
 */
export function parseListLiteral(text: string): string[] {
  const inner = unwrap(text)
  if (inner.trim() === '') throw invalidParameter(EMPTY)
  const item = /\s*((?:(?:'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")\s*)+)(,|$)/suy
  const values: string[] = []
  while (item.lastIndex < inner.length) {
    if (values.length > 0 && inner.slice(item.lastIndex).trim() === '') break
    const match = item.exec(inner)
    if (!match) throw invalidParameter(notStrings(inner) ?? ILL_FORMED)
    values.push(unquote(match[1] ?? ''))
  }
  return values
}

/** Parentheses around the parentheses mean nothing. */
function unwrap(text: string): string {
  let inner = text
  while (inner.startsWith('(') && inner.endsWith(')')) inner = inner.slice(1, -1).trim()
  return inner
}

function notStrings(inner: string): string | undefined {
  if (!/^[\s\d.,eE+-]+$/.test(inner)) return undefined
  return `While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list: (${inner})`
}

/** Strings next to each other are one. */
function unquote(text: string): string {
  let value = ''
  for (const [, single, double] of text.matchAll(/'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"/gsu)) {
    value += withoutEscapes(single ?? double ?? '')
  }
  return value
}

function withoutEscapes(text: string): string {
  return text.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|(.))/gsu,
    (whole, x: string, u: string, long: string, octal: string, other: string) => {
      if (octal) return String.fromCodePoint(Number.parseInt(octal, 8))
      if (other !== undefined) return ESCAPES[other] ?? whole
      const code = Number.parseInt(x ?? u ?? long, 16)
      if (code > 0x10ffff) throw invalidParameter(ILL_FORMED)
      return String.fromCodePoint(code)
    },
  )
}
