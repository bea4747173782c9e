/**
 * Protobuf's JSON conventions as MLflow speaks them, in one place: request fields as zod schemas
 * (snake_case or camelCase names, null is unset, int64 as number or decimal string, unknown enum names
 * and unknown fields ignored) and the few conversions answers need.
 */
import { z } from 'zod'
import { ApiError, invalidParameter, invalidValue, missingValue } from './errors.ts'

declare global {
  interface JSON {
    rawJSON(digits: string): object
  }
}

/** An int64: a number, or a bigint where a number would lose digits. */
export type Int64 = number | bigint

const INT64_MAX = 2n ** 63n - 1n

/** A string that may be absent or empty. */
export const text = () => z.string()

/** A string that must be there and not be empty: MLflow cannot tell the two apart. */
export const requiredText = () => z.string().min(1)

/** An int64, sent as an integer or as its decimal string, `1e+05` too. */
export const int64 = () =>
  z.unknown().transform((value, context): Int64 => {
    const parsed = toInt64(value)
    if (parsed !== undefined) return parsed
    context.issues.push({ code: 'custom', message: 'expected int64', input: value })
    return z.NEVER
  })

/** An int64 that is used for arithmetic here (a limit, a version), so it must be a safe integer. */
export const integer = () =>
  int64().transform((value, context): number => {
    if (typeof value === 'number') return value
    context.issues.push({ code: 'custom', message: 'expected integer', input: value })
    return z.NEVER
  })

/** A double: a number, its decimal string, or one of protobuf's names for the values JSON lacks. */
export const double = () =>
  z.unknown().transform((value, context): number => {
    const parsed = toDouble(value)
    if (parsed !== undefined) return parsed
    context.issues.push({ code: 'custom', message: 'expected double', input: value })
    return z.NEVER
  })

export const bool = () => z.boolean()

export const list = <T extends z.ZodType>(item: T) => z.array(item)

/**
 * An enum by name, or by number where `numbers` gives them. A name that is unknown reads as unset, as protobuf
 * does for MLflow; a number that is unknown is refused.
 */
export const enumeration = <const T extends Record<string, number>>(numbers: T) =>
  z.preprocess((value) => {
    if (typeof value === 'string' && !/^\d+$/.test(value)) return value in numbers ? value : undefined
    if (typeof value === 'string' || typeof value === 'number')
      return Object.keys(numbers).find((name) => numbers[name] === Number(value)) ?? value
    return value
  }, z.enum(Object.keys(numbers) as (keyof T & string)[]).optional())

/** A protobuf message. `aliases` maps another spelling of a field to its name (`run_uuid` to `run_id`). */
export function message<S extends z.ZodRawShape>(shape: S, aliases: Record<string, keyof S & string> = {}) {
  const nameOf = new Map<string, string>(Object.entries(aliases))
  for (const name of Object.keys(shape)) if (camelCase(name) !== name) nameOf.set(camelCase(name), name)
  const schema = z.preprocess((value) => withProtoNames(value, nameOf, aliases), z.object(shape))
  fieldsOf.set(schema, shape)
  return schema
}

const fieldsOf = new WeakMap<z.ZodType, z.ZodRawShape>()

/** A query string as the JSON it stands for: repeated fields as lists, `true` and `false` as booleans. */
export function queryToJson(
  schema: z.ZodType,
  query: Record<string, string | string[]>,
): Record<string, unknown> {
  const fields = fieldsOf.get(schema) ?? {}
  const json: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(query)) {
    const field = unwrap(fields[key] as z.ZodType | undefined)
    if (field instanceof z.ZodArray) json[key] = Array.isArray(value) ? value : [value]
    else {
      const single = Array.isArray(value) ? value[0] : value
      json[key] = field instanceof z.ZodBoolean ? queryBoolean(single ?? '') : single
    }
  }
  return json
}

/** Parses a request, or throws MLflow's error for the first field that is missing or wrong. */
export function parseRequest<T extends z.ZodType>(schema: T, json: unknown): z.output<T> {
  const result = schema.safeParse(json, { reportInput: true })
  if (result.success) return result.data
  const issue = result.error.issues[0]
  if (!issue || issue.path.length === 0)
    throw new ApiError('BAD_REQUEST', 'The request body must be a JSON object.')
  const path = issue.path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part),
    '',
  )
  if (issue.input === undefined || issue.input === '') throw missingValue(path)
  throw invalidValue(
    path,
    issue.input,
    ` Hint: Value was of type '${pythonType(issue.input)}'. See the API docs for more information about request parameters.`,
  )
}

/** Deeper JSON is refused: what reads and writes it calls itself for each level. */
const MOST_LEVELS = 500

/**
 * Parses a JSON body without losing digits: integers beyond 2^53 become bigints. The reviver is ten times slower, so
 * it runs only for bodies that have a number with so many digits before its point; measured values have them after.
 * @throws ApiError MALFORMED_REQUEST
 */
export function parseJson(body: string): unknown {
  const json = parsed(body)
  // Each level takes a bracket: most bodies are too short to be looked through.
  if (body.length <= MOST_LEVELS || !isDeeperThan(json, MOST_LEVELS)) return json
  throw new ApiError('MALFORMED_REQUEST', `The request body is nested deeper than ${MOST_LEVELS} levels.`)
}

function parsed(body: string): unknown {
  try {
    return /[:,[\s-]\d{16}/.test(body) ? JSON.parse(body, keepDigits) : JSON.parse(body)
  } catch (cause) {
    throw new ApiError('MALFORMED_REQUEST', 'The request body is not valid JSON.', { cause })
  }
}

/** Whether JSON has more levels than that. */
export function isDeeperThan(json: unknown, most: number): boolean {
  if (most < 0) return true
  if (json === null || typeof json !== 'object') return false
  return Object.values(json).some((one) => isDeeperThan(one, most - 1))
}

/** JSON for an answer: unset (undefined) fields are left out, bigints are written as plain digits. */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    // It has a bigint, which is rare; a replacer from the start would take three times as long.
    return JSON.stringify(value, exactDigits)
  }
}

/** The JSON of `{ [name]: items }` as a stream of texts, for lists too long to be made in one piece. */
export async function* streamedList<T>(
  name: string,
  portions: AsyncIterable<readonly T[]>,
  toWire: (item: T) => object,
): AsyncGenerator<string> {
  let started = false
  for await (const portion of portions) {
    yield `${started ? ',' : `{${JSON.stringify(name)}:[`}${stringifyJson(portion.map(toWire)).slice(1, -1)}`
    started = true
  }
  yield started ? ']}' : '{}'
}

/** Unset on the wire where the database has NULL. */
export function orUnset<T>(value: T | null | undefined): T | undefined {
  return value ?? undefined
}

/** An empty list is not printed by protobuf. */
export function unlessEmpty<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length > 0 ? items : undefined
}

/** A double as protobuf prints it. */
export function wireDouble(value: number): number | string {
  if (Number.isFinite(value)) return value
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

/** Python's name for a JSON value's type: MLflow's hints use it. */
export function pythonType(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType'
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  return { string: 'str', boolean: 'bool' }[typeof value as string] ?? 'dict'
}

/** Refuses a limit that is not within 1 and `most`, in MLflow's words. */
export function checkMaxResults(value: number, most: number): void {
  if (value < 1) {
    throw invalidValueOf('max_results', value, 'It must be a positive integer')
  }
  if (value > most)
    throw invalidValue(
      'max_results',
      value,
      ` Hint: Value was of type 'int'. See the API docs for more information about request parameters.`,
    )
}

function invalidValueOf(path: string, value: number, rule: string): ApiError {
  return invalidParameter(`Invalid value ${value} for parameter '${path}' supplied. ${rule}`)
}

function toInt64(value: unknown): Int64 | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined
  const digits = typeof value === 'string' ? digitsOf(value) : value
  if (typeof digits !== 'bigint') return undefined
  if (digits > INT64_MAX || digits < -INT64_MAX - 1n) return undefined
  return Number.isSafeInteger(Number(digits)) ? Number(digits) : digits
}

/** An integer as text; the R client writes a hundred thousand as `1e+05`. */
function digitsOf(text: string): bigint | undefined {
  if (/^-?\d{1,19}$/.test(text)) return BigInt(text)
  const double = toDouble(text)
  return Number.isInteger(double) ? BigInt(double as number) : undefined
}

function toDouble(value: unknown): number | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') {
    return Number.isFinite(Number(value)) ? Number(value) : undefined
  }
  if (typeof value !== 'string') return undefined
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value)
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) && Number.isFinite(Number(value))
    ? Number(value)
    : undefined
}

function withProtoNames(
  value: unknown,
  nameOf: Map<string, string>,
  aliases: Record<string, string>,
): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  if (isAsNamed(value as Record<string, unknown>, nameOf)) return value
  const named: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(value)) {
    if (field === null) continue
    const name = nameOf.get(key) ?? key
    if (name !== key && name in value) {
      if (key in aliases) continue
      throw invalidParameter(`Request specifies both '${name}' and '${key}'; provide only one of them.`)
    }
    named[name] = field
  }
  return named
}

/** Whether there is nothing to rename or leave out, as in most messages. */
function isAsNamed(value: Record<string, unknown>, nameOf: Map<string, string>): boolean {
  for (const key in value) if (value[key] === null || nameOf.has(key)) return false
  return true
}

function queryBoolean(value: string): boolean {
  const lower = value.toLowerCase()
  if (lower !== 'true' && lower !== 'false') {
    throw invalidParameter(`Invalid boolean value: ${value}, must be 'true' or 'false'.`)
  }
  return lower === 'true'
}

function unwrap(schema: z.ZodType | undefined): z.ZodType | undefined {
  let inner = schema
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault) inner = inner.unwrap() as z.ZodType
  return inner
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  return context?.source && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value
}

function exactDigits(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? JSON.rawJSON(value.toString()) : value
}
