/** What the audit log may know of a request: names and ids from a list, whatever else the request holds. */

/** The most telling first: it is the object, and the others are the detail. */
const FIELDS = [
  'username',
  'role_id',
  'role_name',
  'token_id',
  'webhook_id',
  'trace_id',
  'trace_ids',
  'run_id',
  'run_ids',
  'model_id',
  'model_ids',
  'experiment_id',
  'experiment_ids',
  'name',
  'path',
  'new_name',
  'version',
  'alias',
  'stage',
  'to_stage',
  'resource_type',
  'resource_id',
  'resource_pattern',
  'permission',
  'is_admin',
  'scope',
] as const

/** Older names, and those of path parameters. */
const OTHER_NAMES = {
  run_uuid: 'run_id',
  request_id: 'trace_id',
  request_ids: 'trace_ids',
  role: 'role_name',
  '*': 'path',
  'x-mlflow-experiment-id': 'experiment_id',
}

/** The field by each of its spellings, in snake case and camel case. */
const FIELD_OF = new Map(
  [...FIELDS.map((field) => [field, field] as const), ...Object.entries(OTHER_NAMES)].flatMap(
    ([name, field]) => spellings(name).map((spelling) => [spelling, field] as const),
  ),
)

function spellings(name: string): string[] {
  const [first = '', ...words] = name.split('_')
  return words.reduce(
    (some, word) =>
      some.flatMap((start) => [`${start}_${word}`, start + word.charAt(0).toUpperCase() + word.slice(1)]),
    [first],
  )
}

/** The spellings of each field. */
const SPELLINGS_OF = Map.groupBy(FIELD_OF.keys(), (spelling) => FIELD_OF.get(spelling))

const MOST_IN_LIST = 5
/** `info` of a new run is in `run`. */
const MOST_LEVELS = 2

export interface Audited {
  readonly object: string
  readonly detail: string
}

/** @param sources those before win: of what a request names and what its answer does, the request */
export function auditedIn(...sources: readonly unknown[]): Audited {
  const found = new Map<string, string>()
  for (const source of sources) collect(source, found, MOST_LEVELS)
  const [object = '', ...detail] =
    found.size < 2 ? found.values() : FIELDS.flatMap((name) => found.get(name) ?? [])
  return { object, detail: detail.join(' ') }
}

/**
 * As `auditedIn`, of these fields of a request alone, in their order: looking through it all costs as much as signing in.
 */
export function auditedFields(request: unknown, fields: readonly (typeof FIELDS)[number][]): Audited {
  const found: string[] = []
  for (const field of fields) {
    const text = textOf(readField(request as Record<string, unknown>, field))
    if (text !== '') found.push(`${field}=${text}`)
  }
  const [object = '', ...detail] = found
  return { object, detail: detail.join(' ') }
}

function readField(request: Readonly<Record<string, unknown>>, field: string): unknown {
  for (const spelling of SPELLINGS_OF.get(field) ?? []) {
    const value = request[spelling]
    if (value !== undefined) return value
  }
  return undefined
}

function collect(source: unknown, found: Map<string, string>, levels: number): void {
  if (source === null || typeof source !== 'object' || Array.isArray(source)) return
  for (const [key, value] of Object.entries(source)) {
    const name = FIELD_OF.get(key)
    if (name === undefined || found.has(name)) continue
    const text = textOf(value)
    if (text !== '') found.set(name, `${name}=${text}`)
  }
  if (levels > 0) for (const value of Object.values(source)) collect(value, found, levels - 1)
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) {
    const more = value.length > MOST_IN_LIST ? `, … (${value.length})` : ''
    return value.slice(0, MOST_IN_LIST).map(textOf).join(',') + more
  }
  if (value === '' || !['string', 'number', 'bigint', 'boolean'].includes(typeof value)) return ''
  const text = String(value).slice(0, 255)
  // A value must not look like two fields.
  return /[\s"=]/.test(text) ? JSON.stringify(text) : text
}
