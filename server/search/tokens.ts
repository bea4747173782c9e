/**
 * Search text as tokens. MLflow reads it with sqlparse, whose rules decide what is a name, a number or an operator
 * (`metrics.1abc` is one key and `metrics.1` is none), so the rules here are the ones of it that can matter.
 */
import { invalidParameter } from '../errors.ts'

export type TokenKind =
  | 'space'
  | 'name'
  /** In single quotes. */
  | 'string'
  /** In double quotes: a key or a value, by where it stands. */
  | 'symbol'
  | 'integer'
  | 'float'
  | 'operator'
  | 'keyword'
  | 'direction'
  | 'other'

export interface Token {
  readonly kind: TokenKind
  readonly text: string
}

/** sqlparse gives up beyond this many, and so MLflow answers 400. */
const MOST_TOKENS = 10_000

const LETTER = 'A-ZÀ-Üa-zà-ü'
const WORD = '\\p{L}\\p{N}_'

/** In order of precedence. */
const RULES: readonly (readonly [TokenKind, RegExp])[] = [
  ['space', /\s/uy],
  ['name', /`(?:``|[^`])*`/uy],
  // Never a key, not even after a dot.
  ['keyword', new RegExp(`(?:CASE|IN|VALUES|USING|FROM|AS)(?![${WORD}])`, 'iuy')],
  ['name', new RegExp(`(?:@|##|#)[${LETTER}][${WORD}]+`, 'uy')],
  ['name', new RegExp(`[${LETTER}][${WORD}]*(?=\\s*\\.(?!\\d))`, 'uy')],
  ['name', new RegExp(`(?<=\\.)[${LETTER}][${WORD}]*`, 'uy')],
  ['name', new RegExp(`[${LETTER}][${WORD}]*(?=\\()`, 'uy')],
  ['other', /-?0x[\dA-F]+/iuy],
  ['float', /-?\d+(?:\.\d+)?E-?\d+/iuy],
  ['float', new RegExp(`-?(?:\\d+\\.\\d*|\\.\\d+)(?![_${LETTER}])`, 'uy')],
  ['integer', new RegExp(`-?\\d+(?![_${LETTER}])`, 'uy')],
  ['name', new RegExp(`(?<![${WORD}\\])])\\[[^\\][]+\\]`, 'uy')],
  ['keyword', new RegExp(`NOT\\s+NULL(?![${WORD}])`, 'iuy')],
  ['direction', new RegExp(`(?:ASC|DESC)(?:\\s+NULLS\\s+(?:FIRST|LAST))?(?![${WORD}])`, 'iuy')],
  ['operator', new RegExp(`(?:NOT\\s+)?(?:LIKE|ILIKE|RLIKE|REGEXP)(?![${WORD}])`, 'iuy')],
  ['keyword', new RegExp(`(?:AND|OR|NOT|IS|NULL|TRUE|FALSE)(?![$#${WORD}])`, 'iuy')],
  ['name', new RegExp(`[${WORD}][$#${WORD}]*`, 'uy')],
  ['operator', /[<>=~!]+/uy],
]

/** @throws ApiError when there is more than a search can mean */
export function tokenize(text: string): Token[] {
  if (text.includes('\0')) throw invalidParameter('The search expression holds a NUL character.')
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    if (tokens.length >= MOST_TOKENS) throw invalidParameter('The search expression is too long.')
    const token = tokenAt(text, at)
    tokens.push(token)
    at += token.text.length
  }
  return tokens
}

function tokenAt(text: string, at: number): Token {
  const first = text.charAt(at)
  if (first === "'" || first === '"') {
    const end = endOfQuoted(text, at, first)
    if (end !== undefined) return { kind: first === "'" ? 'string' : 'symbol', text: text.slice(at, end) }
    return { kind: 'other', text: first }
  }
  for (const [kind, rule] of RULES) {
    rule.lastIndex = at
    const match = rule.exec(text)
    if (match) return { kind, text: match[0] }
  }
  return { kind: 'other', text: String.fromCodePoint(text.codePointAt(at) ?? 0) }
}

/**
 * Where a quoted text ends. A doubled or backslashed quote is part of it, unless no other quote follows: then
 * that one closes it after all.
 */
function endOfQuoted(text: string, start: number, quote: string): number | undefined {
  let fallback: number | undefined
  for (let at = start + 1; at < text.length; at++) {
    const escaped = text.charAt(at) === '\\' && text.charAt(at + 1) === quote
    if (!escaped && text.charAt(at) !== quote) continue
    if (!escaped && text.charAt(at + 1) !== quote) return at + 1
    fallback = escaped ? at + 2 : at + 1
    at++
  }
  return fallback
}
