/** Whether a server gives of a run what its rows say: metrics, parameters and tags. */
import type { Db } from '../db/index.ts'
import { type RunValues, readRunValues } from '../store/inventory.ts'
import { wireDouble } from '../wire.ts'
import { answered } from './answered.ts'
import type { Served } from './served.ts'

/** A run that is being logged to is another at the second look. */
const MOST_LOOKS = 3

export interface ServedValues {
  readonly runs: number
  readonly values: number
  readonly problems: readonly string[]
}

export async function compareRuns(served: Served, db: Db, ids: readonly string[]): Promise<ServedValues> {
  let values = 0
  const problems: string[] = []
  for (const id of ids) {
    let differing = ''
    for (let look = 0; look < MOST_LOOKS; look++) {
      const kept = ofRows(await readRunValues(db, id))
      const shown = ofAnswer((await answered(served, `runs/get?run_id=${encodeURIComponent(id)}`)).run.data)
      differing = difference(kept, shown)
      if (differing !== '') continue
      values += kept.size
      break
    }
    if (differing !== '') problems.push(`run ${id}: the server gives another ${differing} than its row has`)
  }
  return { runs: ids.length, values, problems }
}

type Values = ReadonlyMap<string, string>

function ofRows({ params, tags, metrics }: RunValues): Values {
  return new Map([
    ...params.map(({ key, value }) => [`parameter ${key}`, value] as const),
    ...tags.map(({ key, value }) => [`tag ${key}`, value ?? ''] as const),
    ...metrics.map(
      ({ key, value, timestamp, step }) =>
        [`metric ${key}`, `${wireDouble(value)} ${timestamp ?? 0} ${step}`] as const,
    ),
  ])
}

interface Pair {
  readonly key: string
  readonly value?: string
}

interface RunData {
  readonly params?: readonly Pair[]
  readonly tags?: readonly Pair[]
  readonly metrics?: readonly {
    readonly key: string
    readonly value: number | string
    readonly timestamp?: number
    readonly step: number
  }[]
}

function ofAnswer({ params = [], tags = [], metrics = [] }: RunData): Values {
  return new Map([
    ...params.map(({ key, value = '' }) => [`parameter ${key}`, value] as const),
    ...tags.map(({ key, value = '' }) => [`tag ${key}`, value] as const),
    ...metrics.map(
      ({ key, value, timestamp = 0, step }) => [`metric ${key}`, `${value} ${timestamp} ${step}`] as const,
    ),
  ])
}

/** The first that differs, by its name: values may be anybody's secrets. */
function difference(kept: Values, shown: Values): string {
  return (
    [...new Set([...kept.keys(), ...shown.keys()])].find((name) => kept.get(name) !== shown.get(name)) ?? ''
  )
}
