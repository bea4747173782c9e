/** The history of models a run logged, which MLflow 2 clients keep as JSON in a tag of the run. */
import type { Db } from '../db/index.ts'
import { invalidParameter } from '../errors.ts'
import { findRunTag } from '../store/run-data.ts'
import { getActiveRunRow } from '../store/runs.ts'
import { setRunTags } from './runs.ts'

const HISTORY_TAG = 'mlflow.log-model.history'
const KEPT = new Set(['run_id', 'utc_time_created', 'artifact_path', 'model_uuid'])

export async function recordLoggedModel(
  db: Db,
  runId: string,
  model: Record<string, unknown>,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await getActiveRunRow(tx, runId)
    const history = parseHistory((await findRunTag(tx, runId, HISTORY_TAG)) ?? '[]')
    await setRunTags(tx, runId, [{ key: HISTORY_TAG, value: JSON.stringify([...history, summaryOf(model)]) }])
  })
}

function parseHistory(value: string): unknown[] {
  try {
    const history: unknown = JSON.parse(value)
    if (Array.isArray(history)) return history
  } catch {
    // Fall through: the tag was written by hand.
  }
  throw invalidParameter(`The run's tag ${HISTORY_TAG} is not a JSON list, so no model can be added to it.`)
}

function summaryOf(model: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.fromEntries(Object.entries(model).filter(([key]) => KEPT.has(key)))
  return { ...kept, flavors: withoutConfig(model.flavors) }
}

function withoutConfig(flavors: unknown): unknown {
  if (flavors === null || typeof flavors !== 'object') return {}
  return Object.fromEntries(
    Object.entries(flavors).map(([name, flavor]) => {
      if (flavor === null || typeof flavor !== 'object' || Array.isArray(flavor)) return [name, flavor]
      const { config: _, ...rest } = flavor as Record<string, unknown>
      return [name, rest]
    }),
  )
}
