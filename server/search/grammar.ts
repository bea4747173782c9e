/** What an entity can be searched by, and a filter read by it. */
import type { NumberTest } from '../db/number-match.ts'
import type { TextTest } from '../db/text-match.ts'
import { type ApiError, invalidParameter } from '../errors.ts'
import type { Int64 } from '../wire.ts'
import { type ComparisonNode, type Operand, parseComparisons } from './syntax.ts'
import {
  readInteger,
  readLooseNumber,
  readLooseText,
  readNumber,
  readText,
  readTexts,
  readWhole,
} from './values.ts'

export type Kind =
  | 'attribute'
  | 'metric'
  | 'parameter'
  | 'tag'
  | 'dataset'
  | 'metadata'
  | 'span'
  | 'feedback'
  | 'expectation'
  | 'issue'

/** An `integer` may be compared with a fraction, a `whole` may not; an `id` is written as a string. */
export type ValueType = 'text' | 'number' | 'integer' | 'whole' | 'id'

export interface Grammar {
  /** What may stand before the first dot of a key, and what it names. */
  readonly prefixes: Readonly<Record<string, Kind>>
  /** How MLflow says what may stand there. */
  readonly prefixHint: string
  /** The attributes a filter may compare. */
  readonly attributes: Readonly<Record<string, ValueType>>
  /** Other names of attributes. */
  readonly aliases?: Readonly<Record<string, string>>
  /** Attributes that are another name of a tag or the like. */
  readonly standFor?: Readonly<Record<string, Key>>
  /** The attributes an order may name. */
  readonly orderAttributes: readonly string[]
  /** What IN and NOT IN work on; `any` for all text. */
  readonly lists: readonly string[] | 'any'
  /** What IS NULL and IS NOT NULL work on. */
  readonly nullTests: readonly Kind[]
  /** Whether `like` and `in` are operators in lower case too. */
  readonly anyCase: boolean
  /** Whether an attribute's name may be in quotes. */
  readonly quotedAttributes: boolean
  /** Whether numbers may be in quotes. */
  readonly quotedNumbers?: boolean
  /** Whether values may go without quotes and numbers with them. */
  readonly looseValues: boolean
}

export interface Key {
  readonly kind: Kind
  readonly name: string
}

export interface NullTest {
  readonly type: 'null'
  readonly operator: 'IS NULL' | 'IS NOT NULL'
}

export interface Comparison {
  readonly key: Key
  readonly test: TextTest | NumberTest | NullTest
}

const NUMBER_OPERATORS = ['!=', '<', '<=', '=', '>', '>='] as const
const TEXT_OPERATORS = ['!=', '=', 'ILIKE', 'LIKE'] as const
/** How refusals name what IS NULL works on. */
const NULL_TESTED: Partial<Record<Kind, string>> = { parameter: 'params', tag: 'tags' }
const LIST_OPERATORS = ['IN', 'NOT IN'] as const
const ORDER_OPERATORS: readonly string[] = ['<', '<=', '>', '>=']
const DATASET_KEYS = ['context', 'digest', 'name']

/** SQLite takes no longer pattern. */
const MOST_PATTERN_BYTES = 50_000

/** @throws ApiError for a filter the entity cannot be searched by */
export function parseFilter(grammar: Grammar, filter: string): Comparison[] {
  return parseComparisons(filter).map((node) => readComparison(grammar, node))
}

/** Reads `tags.name`, or a bare attribute. */
export function parseKey(grammar: Grammar, text: string, attributes: readonly string[]): Key {
  const dot = text.indexOf('.')
  if (dot < 0) return attributeKey(grammar, text, attributes)
  const prefix = withoutQuotes(text.slice(0, dot), '`')
  const kind = Object.hasOwn(grammar.prefixes, prefix) ? grammar.prefixes[prefix] : undefined
  if (!kind) throw invalidPrefix(grammar, prefix)
  const name = text.slice(dot + 1)
  if (kind === 'attribute') return attributeKey(grammar, name, attributes)
  const key = { kind, name: unquoteKey(grammar, name) }
  if (kind === 'dataset' && !DATASET_KEYS.includes(key.name)) {
    throw invalidParameter(
      `Invalid dataset key '${key.name}' specified. Valid keys are '${shown(DATASET_KEYS)}'`,
    )
  }
  return key
}

function readComparison(grammar: Grammar, { left, operator, right }: ComparisonNode): Comparison {
  if (left.kind !== 'identifier') {
    throw invalidParameter(`Invalid comparison clause. Expected 'Identifier' found '${left.text}'`)
  }
  const names = Object.keys(grammar.attributes)
  const key = parseKey(grammar, left.text, [...names, ...Object.keys(grammar.aliases ?? {})])
  const comparator = grammar.anyCase ? operator.toUpperCase() : operator
  if (!right) return { key, test: readNullTest(grammar, key, comparator as NullTest['operator']) }
  const test = isText(grammar, key, comparator)
    ? readTextTest(grammar, key, comparator, right)
    : readNumberTest(grammar, key, comparator, right)
  return { key, test }
}

function isText(grammar: Grammar, key: Key, operator: string): boolean {
  // What was said of a trace may be a number or a text.
  if (key.kind === 'feedback' || key.kind === 'expectation') return !ORDER_OPERATORS.includes(operator)
  const type = typeOf(grammar, key)
  return type === 'text' || type === 'id'
}

function readNullTest(grammar: Grammar, key: Key, operator: NullTest['operator']): NullTest {
  if (grammar.nullTests.includes(key.kind)) return { type: 'null', operator }
  const supported = grammar.nullTests.map((kind) => NULL_TESTED[kind] ?? kind)
  throw invalidParameter(
    supported.length > 0
      ? `IS NULL / IS NOT NULL is only supported for ${supported.join(' and ')}, not for '${key.kind}' '${key.name}'`
      : 'IS NULL / IS NOT NULL is not supported here',
  )
}

function readNumberTest(grammar: Grammar, key: Key, operator: string, operand: Operand): NumberTest {
  const value = readValue(grammar, key, operand)
  return { type: 'number', operator: oneOf(NUMBER_OPERATORS, operator), value }
}

function readValue(grammar: Grammar, key: Key, operand: Operand): Int64 {
  if (grammar.looseValues) return readLooseNumber(key, operand)
  switch (typeOf(grammar, key)) {
    case 'integer':
      return readInteger(key, operand)
    case 'whole':
      return readWhole(key, operand, grammar.quotedNumbers ?? false)
    default:
      return readNumber(key, operand)
  }
}

function readTextTest(grammar: Grammar, key: Key, operator: string, operand: Operand): TextTest {
  if (operand.kind === 'list') {
    const values = readTexts(grammar.lists, key, operand)
    return { type: 'list', operator: oneOf(LIST_OPERATORS, operator), values }
  }
  const value = grammar.looseValues ? readLooseText(operand) : readText(key, operand)
  const comparator = oneOf(typeOf(grammar, key) === 'id' ? (['!=', '='] as const) : TEXT_OPERATORS, operator)
  if (comparator.endsWith('LIKE') && Buffer.byteLength(value) > MOST_PATTERN_BYTES) {
    throw invalidParameter(`A pattern may have at most ${MOST_PATTERN_BYTES} bytes.`)
  }
  return { type: 'text', operator: comparator, value }
}

function typeOf({ attributes }: Grammar, { kind, name }: Key): ValueType {
  if (kind === 'attribute') return attributes[name] ?? 'text'
  return kind === 'metric' ? 'number' : 'text'
}

function attributeKey(grammar: Grammar, text: string, attributes: readonly string[]): Key {
  const name = grammar.quotedAttributes ? unquoteKey(grammar, text) : text
  if (!attributes.includes(name)) {
    throw invalidParameter(`Invalid attribute key '${name}' specified. Valid keys are '${shown(attributes)}'`)
  }
  const aliases = grammar.aliases ?? {}
  const other = grammar.standFor && Object.hasOwn(grammar.standFor, name) && grammar.standFor[name]
  if (other) return other
  return { kind: 'attribute', name: (Object.hasOwn(aliases, name) && aliases[name]) || name }
}

function unquoteKey(grammar: Grammar, text: string): string {
  if (grammar.looseValues) return text.replace(/^`+|`+$/g, '')
  return withoutQuotes(withoutQuotes(text, "'", '"'), '`')
}

/** The text between a pair of one of these quotes, or the text itself. */
function withoutQuotes(text: string, ...quotes: readonly string[]): string {
  const quoted = text.length >= 2 && quotes.includes(text.charAt(0)) && text.endsWith(text.charAt(0))
  return quoted ? text.slice(1, -1) : text
}

function oneOf<T extends string>(operators: readonly T[], operator: string): T {
  const found = operators.find((one) => one === operator)
  if (!found) throw invalidParameter(`Invalid comparator '${operator}' not one of '${shown(operators)}'`)
  return found
}

function invalidPrefix({ prefixHint }: Grammar, prefix: string): ApiError {
  return invalidParameter(`Invalid entity type '${prefix}'. ${prefixHint}`)
}

function shown(names: readonly string[]): string {
  return `[${names
    .toSorted()
    .map((name) => `'${name}'`)
    .join(', ')}]`
}
