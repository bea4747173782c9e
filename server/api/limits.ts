/** MLflow's limits on names and values, in its words. All lengths are in characters. */
import { posix } from 'node:path'
import type { Config } from '../config.ts'
import { type ApiError, invalidParameter, invalidValue } from '../errors.ts'
import type { Int64 } from '../wire.ts'

const EXPERIMENT_NAME = 500
const EXPERIMENT_TAG_VALUE = 20_000
const KEY = 250
const PARAM_VALUE = 6_000
const TAG_VALUE = 8_000
const METRICS_PER_BATCH = 1_000
const PARAMS_PER_BATCH = 100
/** As many params or tags as a batch may have always fit, each as long as it may be; not both. */
const TEXT_PER_BATCH = 1_000_000

export function parseExperimentId(id: string): number {
  if (!/^[+-]?\d{1,15}$/.test(id)) {
    throw invalidParameter(`Invalid experiment ID '${id}'. Experiment ID must be a valid integer.`)
  }
  return Number(id)
}

export function checkExperimentName(name: string): void {
  checkLength('name', EXPERIMENT_NAME, name)
}

export function checkExperimentTag({ key, value }: KeyValue): void {
  checkEntityName('key', key)
  checkLength('key', KEY, key)
  checkLength('value', EXPERIMENT_TAG_VALUE, value)
}

/** @throws ApiError when `value` is longer than `limit` characters */
export function checkLength(path: string, limit: number, value: string): void {
  if (lengthOf(value) > limit) throw tooLong(path, limit)
}

function tooLong(path: string, limit: number): ApiError {
  return invalidParameter(`'${path}' exceeds the maximum length of ${limit} characters`)
}

/** Python counts code points where JavaScript counts UTF-16 units. */
function lengthOf(value: string): number {
  let length = value.length
  for (let i = 0; i < value.length; i++) if ((value.charCodeAt(i) & 0xfc00) === 0xd800) length--
  return length
}

/** @throws ApiError when `name` is not one MLflow takes for a metric, a parameter or a tag */
export function checkEntityName(path: string, name: string): void {
  if (!/^[/\p{L}\p{N}_.\- :]*$/u.test(name)) {
    throw invalidValue(
      path,
      name,
      'Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).',
    )
  }
  const normal = normalPath(name)
  if (normal !== name || normal === '.' || normal.startsWith('..') || normal.startsWith('/')) {
    throw invalidValue(
      path,
      name,
      `Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '${normal}'`,
    )
  }
}

/** Checks a metric as MLflow does; `path` is where it stands in the request, empty for a request of its own. */
export function checkMetric(
  path: string,
  { key, value, timestamp }: { key: string; value: number; timestamp: Int64 },
): void {
  checkEntityName(at(path, 'name'), key)
  if (timestamp < 0) {
    throw invalidValue(
      at(path, 'timestamp'),
      timestamp,
      `metric '${key}' (value=${value}). Timestamp must be a nonnegative long (64-bit integer) `,
    )
  }
  checkLength('Metric name', KEY, key)
}

/** A parameter as it is stored: its name checked, its value cut to the limit where the server cuts. */
export function checkedParam(path: string, { key, value }: KeyValue, config: Config): KeyValue {
  checkEntityName(at(path, 'key'), key)
  checkLength('Param key', KEY, key)
  return { key, value: fitted('Param value', PARAM_VALUE, value, config) }
}

/** A run's tag as it is stored: its name checked, its value cut to the limit where the server cuts. */
export function checkedTag(path: string, tag: KeyValue, config: Config): KeyValue {
  checkEntityName(at(path, 'key'), tag.key)
  return fittedTag(path, tag, config)
}

/** A tag that comes with a new run, whose name MLflow does not look at. */
export function fittedTag(path: string, { key, value }: KeyValue, config: Config): KeyValue {
  checkLength(at(path, 'key'), KEY, key)
  return { key, value: fitted(at(path, 'value'), TAG_VALUE, value, config) }
}

/** @throws ApiError when a batch holds more than MLflow takes at once */
export function checkBatchSize(metrics: number, params: number, tags: number): void {
  checkCount('metrics', METRICS_PER_BATCH, metrics)
  checkCount('params', PARAMS_PER_BATCH, params)
  checkCount('tags', PARAMS_PER_BATCH, tags)
  checkCount('metrics, params, and tags', METRICS_PER_BATCH, metrics + params + tags)
}

/**
 * The request of at most a megabyte that MLflow documents, counted in what is kept: long values are cut first, and
 * escapes are no characters.
 * @throws ApiError when a batch holds more text than that
 */
export function checkBatchText(entries: readonly KeyValue[]): void {
  const length = entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0)
  checkCount('characters in params and tags', TEXT_PER_BATCH, length)
}

export function checkUniqueParams(params: readonly KeyValue[]): void {
  const seen = new Set<string>()
  const twice = params.filter(({ key }) => seen.size === seen.add(key).size).map(({ key }) => `'${key}'`)
  if (twice.length > 0) {
    throw invalidParameter(
      `Duplicate parameter keys have been submitted: [${twice.join(', ')}]. Please ensure the request contains only one param value per param key.`,
    )
  }
}

export function checkDataset(
  {
    name,
    digest,
    source,
    schema,
    profile,
  }: {
    name: string
    digest: string
    source: string
    schema?: string | undefined
    profile?: string | undefined
  },
  tags: readonly KeyValue[],
): void {
  checkLength('name', 500, name)
  checkLength('digest', 36, digest)
  checkLength('source', 65_535, source)
  checkLength('schema', 1_048_575, schema ?? '')
  checkLength('profile', 16_777_215, profile ?? '')
  for (const { key, value } of tags) {
    checkLength('key', 255, key)
    checkLength('value', 500, value)
  }
}

export function checkRunId(runId: string): void {
  if (!/^[a-zA-Z0-9][\w-]{0,255}$/.test(runId)) throw invalidValue('run_id', runId)
}

interface KeyValue {
  readonly key: string
  readonly value: string
}

function checkCount(what: string, most: number, count: number): void {
  if (count <= most) return
  throw invalidParameter(
    `A batch logging request can contain at most ${most} ${what}. Got ${count} ${what}. Please split up ${what} across multiple requests and try again.`,
  )
}

function fitted(path: string, limit: number, value: string, config: Config): string {
  if (lengthOf(value) <= limit) return value
  if (!config.truncateLongValues) throw tooLong(path, limit)
  return Array.from(value).slice(0, limit).join('')
}

function at(path: string, field: string): string {
  return path ? `${path}.${field}` : field
}

/** Python's posixpath.normpath, which MLflow compares names with. */
function normalPath(name: string): string {
  const normal = posix.normalize(name)
  return normal.length > 1 ? normal.replace(/\/$/, '') : normal
}
