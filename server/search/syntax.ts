/** Tokens as a syntax tree: comparisons, which nothing but AND may join. */
import { invalidParameter } from '../errors.ts'
import { type Token, tokenize } from './tokens.ts'

export type Operand = {
  readonly kind: 'identifier' | 'string' | 'integer' | 'float' | 'list' | 'null'
  /** As it was written, quotes included. */
  readonly text: string
}

export interface ComparisonNode {
  readonly left: Operand
  readonly operator: string
  /** Absent for IS NULL and IS NOT NULL. */
  readonly right?: Operand
}

/** Each may cost a look-up for every run; MLflow on SQLite can join no more either. */
const MOST_COMPARISONS = 64

/** @throws ApiError for anything but comparisons joined by AND */
export function parseComparisons(filter: string): ComparisonNode[] {
  if (filter === '') return []
  const terms = groupTerms(tokenize(filter))
  if (terms.length === 0) throw invalidParameter(`Invalid filter '${filter}'. Could not be parsed.`)
  refuseStatements(filter, terms)
  const { comparisons, invalid } = groupComparisons(terms)
  if (invalid.length > 0) {
    throw invalidParameter(
      `Invalid clause(s) in filter string: ${invalid.map((text) => `'${text}'`).join(', ')}`,
    )
  }
  if (comparisons.length > MOST_COMPARISONS) {
    throw invalidParameter(`A filter may hold at most ${MOST_COMPARISONS} comparisons.`)
  }
  return comparisons
}

/** An operand, or a token that is none. */
export type Term = Operand | Token

/** Joins what stands together: a dotted key, a list in parentheses; leaves spaces out. */
export function groupTerms(tokens: readonly Token[]): Term[] {
  const terms: Term[] = []
  for (let at = 0; at < tokens.length; ) {
    const token = tokens[at] as Token
    const end = endOfTerm(tokens, at)
    const text = textOf(tokens, at, end)
    if (token.kind === 'name' || token.kind === 'symbol') terms.push({ kind: 'identifier', text })
    else if (end > at + 1) terms.push({ kind: 'list', text })
    else if (token.kind === 'keyword' && /^null$/i.test(text)) terms.push({ kind: 'null', text })
    else if (token.kind !== 'space') terms.push(token)
    at = end
  }
  return terms
}

function endOfTerm(tokens: readonly Token[], at: number): number {
  const { kind, text } = tokens[at] as Token
  if (kind === 'name' || kind === 'symbol') return endOfKey(tokens, at)
  return text === '(' ? (endOfBrackets(tokens, at, '(', ')') ?? at + 1) : at + 1
}

/** A key is names with dots between them, and may end in a dot or in an index. */
function endOfKey(tokens: readonly Token[], start: number): number {
  let end = start + 1
  for (;;) {
    const dot = skipSpaces(tokens, end)
    if (tokens[dot]?.text === '[') {
      const close = endOfBrackets(tokens, dot, '[', ']')
      if (close === undefined) return end
      end = close
    } else if (tokens[dot]?.text === '.') {
      const next = skipSpaces(tokens, dot + 1)
      if (!['name', 'symbol', 'string'].includes(tokens[next]?.kind ?? '')) return dot + 1
      end = next + 1
    } else return end
  }
}

function endOfBrackets(
  tokens: readonly Token[],
  start: number,
  open: string,
  close: string,
): number | undefined {
  let depth = 0
  for (let at = start; at < tokens.length; at++) {
    if (tokens[at]?.text === open) depth++
    if (tokens[at]?.text === close) depth--
    if (depth === 0) return at + 1
  }
  return undefined
}

function skipSpaces(tokens: readonly Token[], start: number): number {
  let at = start
  while (tokens[at]?.kind === 'space') at++
  return at
}

function textOf(tokens: readonly Token[], start: number, end: number): string {
  let text = ''
  for (let at = start; at < end; at++) text += tokens[at]?.text
  return text
}

function groupComparisons(terms: readonly Term[]): { comparisons: ComparisonNode[]; invalid: string[] } {
  const comparisons: ComparisonNode[] = []
  const invalid: string[] = []
  for (let at = 0; at < terms.length; ) {
    const found = comparisonAt(terms, at)
    if (found) comparisons.push(found.node)
    else if (!isKeyword(terms[at], 'AND')) invalid.push(terms[at]?.text ?? '')
    at += found?.length ?? 1
  }
  return { comparisons, invalid }
}

function comparisonAt(
  terms: readonly Term[],
  at: number,
): { node: ComparisonNode; length: number } | undefined {
  const [left, second, third, fourth] = terms.slice(at, at + 4)
  if (!isOperand(left) || !second || !third) return undefined
  if (second.kind === 'operator' && isOperand(third)) {
    return { node: { left, operator: second.text, right: third }, length: 3 }
  }
  if (left.kind !== 'identifier') return undefined
  if (isKeyword(second, 'IN') && third.kind === 'list') {
    return { node: { left, operator: second.text, right: third }, length: 3 }
  }
  if (isKeyword(second, 'NOT') && isKeyword(third, 'IN') && fourth?.kind === 'list') {
    return { node: { left, operator: 'NOT IN', right: fourth }, length: 4 }
  }
  if (isKeyword(second, 'IS') && third.kind === 'null')
    return { node: { left, operator: 'IS NULL' }, length: 3 }
  if (isKeyword(second, 'IS') && isKeyword(third, 'NOT NULL')) {
    return { node: { left, operator: 'IS NOT NULL' }, length: 3 }
  }
  return undefined
}

function refuseStatements(filter: string, terms: readonly Term[]): void {
  const end = terms.findIndex((term) => term.text === ';')
  if (end < 0 || end === terms.length - 1) return
  throw invalidParameter(
    `Search filter contained multiple expression '${filter}'. Provide AND-ed expression list.`,
  )
}

function isOperand(term: Term | undefined): term is Operand {
  return ['identifier', 'string', 'integer', 'float', 'list', 'null'].includes(term?.kind ?? '')
}

function isKeyword(term: Term | undefined, word: string): boolean {
  return term?.kind === 'keyword' && term.text.toUpperCase() === word
}
