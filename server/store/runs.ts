import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db } from '../db/index.ts'
import { prepared } from '../db/prepared.ts'
import type { Database } from '../db/schema/index.ts'
import { invalidParameter, notFound } from '../errors.ts'
import type { LifecycleStage } from './experiments.ts'

/** The tag that holds a run's name too. */
export const RUN_NAME_TAG = 'mlflow.runName'

export type RunRow = Selectable<Database['runs']>

const runRows = prepared((db, runId: string) =>
  db.selectFrom('runs').selectAll().where('run_uuid', '=', runId),
)

/** @throws ApiError RESOURCE_DOES_NOT_EXIST */
export async function getRunRow(db: Db, runId: string): Promise<RunRow> {
  const [row] = await runRows(db, runId)
  if (!row) throw notFound(`Run with id=${runId} not found`)
  return row
}

/** A run that may be written to: it exists and is not deleted. */
export async function getActiveRunRow(db: Db, runId: string): Promise<RunRow> {
  const row = await getRunRow(db, runId)
  if (row.lifecycle_stage !== 'active') {
    throw invalidParameter(
      `The run ${runId} must be in the 'active' state. Current state is ${row.lifecycle_stage}.`,
    )
  }
  return row
}

export async function insertRun(db: Db, run: Insertable<Database['runs']>): Promise<void> {
  await db.insertInto('runs').values(run).execute()
}

export async function updateRunRow(
  db: Db,
  runId: string,
  change: Updateable<Database['runs']>,
): Promise<void> {
  if (Object.keys(change).length === 0) return
  await db.updateTable('runs').set(change).where('run_uuid', '=', runId).execute()
}

/** Moves a run to a stage; `now` becomes the deletion time of one deleted. */
export async function setRunStage(db: Db, runId: string, stage: LifecycleStage, now: number): Promise<void> {
  await updateRunRow(db, runId, stageChange(stage, now))
}

/** Moves every run of an experiment to a stage; `now` becomes the deletion time of those deleted. */
export async function setStageOfRunsIn(
  db: Db,
  experimentId: number,
  stage: LifecycleStage,
  now: number,
): Promise<void> {
  await db
    .updateTable('runs')
    .set(stageChange(stage, now))
    .where('experiment_id', '=', experimentId)
    .execute()
}

function stageChange(stage: LifecycleStage, now: number) {
  return { lifecycle_stage: stage, deleted_time: stage === 'deleted' ? now : null }
}
