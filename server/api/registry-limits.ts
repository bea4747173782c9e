/** MLflow's rules for names, aliases and tags of the registry and of logged models, in its words. */
import { invalidParameter, invalidValue } from '../errors.ts'
import { checkEntityName, checkLength } from './limits.ts'

const KEY = 250
const TAG_VALUE = 100_000
const ALIAS = 255
const COMMENT = 10_000

/** What the columns hold; MLflow leaves these to the database, which on SQLite takes any length. */
const COLUMNS = {
  name: 256,
  new_name: 256,
  description: 5_000,
  source: 500,
  run_link: 500,
  run_id: 32,
  model_type: 500,
  source_run_id: 32,
} as const

interface KeyValue {
  readonly key: string
  readonly value: string
}

export function checkModelName(name: string, field: 'name' | 'new_name' = 'name'): void {
  if (name.trim() === '') throw invalidParameter(`Missing value for required parameter '${field}'.`)
  if (/[/:]/.test(name)) {
    throw invalidParameter(`Invalid model name '${name}'. Names cannot contain '/' or ':'.`)
  }
  if (name === '.' || name.startsWith('..')) {
    throw invalidValue(
      'name',
      name,
      `Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '${name}'`,
    )
  }
  checkColumns({ [field]: name })
}

/** Refuses texts that are longer than their columns. */
export function checkColumns(texts: { [Name in keyof typeof COLUMNS]?: string | undefined }): void {
  for (const [name, text] of Object.entries(texts)) {
    checkLength(name, COLUMNS[name as keyof typeof COLUMNS], text ?? '')
  }
}

/** A comment on a version or on a decision: a limit of this server's own. */
export function checkComment(comment: string): void {
  checkLength('comment', COMMENT, comment)
}

export function checkRegistryTag({ key, value }: KeyValue): void {
  checkEntityName('key', key)
  checkLength('key', KEY, key)
  checkLength('value', TAG_VALUE, value)
}

export function checkAlias(alias: string): void {
  if (!/^[\p{L}\p{N}_-]*$/u.test(alias)) {
    throw invalidParameter(
      `Invalid alias name: '${alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-).`,
    )
  }
  checkLength('Registered model alias name', ALIAS, alias)
}

/** An alias that may be set: not one that stands for a version by itself. */
export function checkNewAlias(alias: string): void {
  checkAlias(alias)
  if (alias.toLowerCase() === 'latest') {
    throw invalidParameter("'latest' alias name (case insensitive) is reserved.")
  }
  if (/^v\d+$/i.test(alias)) throw invalidParameter(`Version alias name '${alias}' is reserved.`)
}

/** A version's number, in any spelling Python's int() takes. */
export function parseVersion(version: string): number {
  const digits = /^\s*([+-]?\d{1,15}(?:_\d{1,15})*)\s*$/.exec(version)?.[1]?.replaceAll('_', '')
  if (digits === undefined || !Number.isSafeInteger(Number(digits))) {
    throw invalidParameter(`Parameter 'version' must be an integer, got '${version}'.`)
  }
  return Number(digits)
}

export function checkLoggedModelName(name: string): void {
  if (/[/:.%"']/.test(name)) {
    const shown = name.includes("'") && !name.includes('"') ? `"${name}"` : `'${name}'`
    throw invalidParameter(
      `Invalid model name (${shown}) provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '"', "'")`,
    )
  }
  checkLength('name', 500, name)
}

export function checkLoggedModelKey({ key }: KeyValue): void {
  checkLength('key', 255, key)
}
