/** MLflow's limits on names and values, in its words. All lengths are in characters. */
import { type ApiError, invalidParameter } from '../errors.ts'

const EXPERIMENT_NAME = 500
const EXPERIMENT_TAG_VALUE = 20_000
const KEY = 250

export function parseExperimentId(id: string): number {
  if (!/^[+-]?\d{1,15}$/.test(id)) {
    throw invalidParameter(`Invalid experiment ID '${id}'. Experiment ID must be a valid integer.`)
  }
  return Number(id)
}

export function checkExperimentName(name: string): void {
  checkLength('name', EXPERIMENT_NAME, name)
}

export function checkExperimentTag({ key, value }: { key: string; value: string }): void {
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
  return value.length > 200 ? Array.from(value).length : value.length
}
