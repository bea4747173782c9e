/** A run's name is a column and the tag mlflow.runName, kept equal. */
import type { Db } from '../db/index.ts'
import { upsert } from '../db/upsert.ts'
import { invalidParameter } from '../errors.ts'
import { deleteAssessmentsOfRuns } from '../store/assessments.ts'
import { getExperimentRow, type Tag } from '../store/experiments.ts'
import type { Run } from '../store/run-data.ts'
import {
  getActiveRunRow,
  getRunRow,
  insertRun,
  RUN_NAME_TAG,
  type RunRow,
  setRunStage,
  updateRunRow,
} from '../store/runs.ts'
import type { Int64 } from '../wire.ts'
import { newHexId } from './ids.ts'
import { generateName } from './random-name.ts'

export interface NewRun {
  readonly experimentId: number
  readonly userId: string
  readonly startTime: Int64
  readonly name: string
  readonly tags: readonly Tag[]
}

/** Starts a run in an active experiment. */
export async function createRun(
  db: Db,
  { experimentId, userId, startTime, name, tags }: NewRun,
): Promise<Run> {
  const nameTag = tags.find((tag) => tag.key === RUN_NAME_TAG)?.value ?? ''
  if (name && nameTag && name !== nameTag) {
    throw invalidParameter(
      `Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='${name}', mlflow.runName='${nameTag}').`,
    )
  }
  const runName = name || nameTag || generateName()
  const runId = newHexId()
  return db.transaction().execute(async (tx) => {
    const experiment = await getExperimentRow(tx, experimentId)
    if (experiment.lifecycle_stage !== 'active') {
      throw invalidParameter(
        `The experiment ${experimentId} must be in the 'active' state. Current state is ${experiment.lifecycle_stage}.`,
      )
    }
    const row = {
      run_uuid: runId,
      name: runName,
      experiment_id: experimentId,
      user_id: userId,
      status: 'RUNNING',
      start_time: startTime,
      artifact_uri: `${(experiment.artifact_location ?? '').replace(/\/+$/, '')}/${runId}/artifacts`,
      lifecycle_stage: 'active',
      source_type: 'UNKNOWN',
      source_name: '',
      entry_point_name: '',
      source_version: '',
      end_time: null,
      deleted_time: null,
    }
    await insertRun(tx, row)
    const written = await writeTags(
      tx,
      runId,
      nameTag ? tags : [...tags, { key: RUN_NAME_TAG, value: runName }],
    )
    return newRun(row, written)
  })
}

/** A run that has logged nothing yet. */
function newRun(row: RunRow, tags: readonly Tag[]): Run {
  return { row, tags, metrics: [], params: [], datasetInputs: [], modelInputs: [], modelOutputs: [] }
}

export interface RunChange {
  readonly status?: string | undefined
  readonly endTime?: Int64 | undefined
  readonly name?: string | undefined
}

export async function updateRun(
  db: Db,
  runId: string,
  { status, endTime, name }: RunChange,
): Promise<RunRow> {
  return db.transaction().execute(async (tx) => {
    const row = await getActiveRunRow(tx, runId)
    const change = {
      ...(status !== undefined && { status }),
      ...(endTime !== undefined && { end_time: endTime }),
    }
    await updateRunRow(tx, runId, change)
    if (name) await setRunTags(tx, runId, [{ key: RUN_NAME_TAG, value: name }])
    return { ...row, ...change, ...(name && { name }) }
  })
}

/** Sets tags of a run, the last of a key winning; a new run name becomes the run's name, an empty one is left out. */
export async function setRunTags(db: Db, runId: string, tags: readonly Tag[]): Promise<void> {
  const name = tags.findLast((tag) => tag.key === RUN_NAME_TAG)?.value
  if (name) await updateRunRow(db, runId, { name })
  await writeTags(
    db,
    runId,
    tags.filter((tag) => tag.key !== RUN_NAME_TAG || tag.value),
  )
}

/** Deletes a run, and for good what it said of traces, as MLflow does. */
export async function deleteRun(db: Db, runId: string, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await getRunRow(tx, runId)
    await deleteAssessmentsOfRuns(tx, { runId })
    await setRunStage(tx, runId, 'deleted', now)
  })
}

export async function restoreRun(db: Db, runId: string, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await getRunRow(tx, runId)
    await setRunStage(tx, runId, 'active', now)
  })
}

/** @returns the tags that were written, the last of a key */
async function writeTags(db: Db, runId: string, tags: readonly Tag[]): Promise<Tag[]> {
  const lastByKey = new Map(tags.map((tag) => [tag.key, tag.value]))
  const rows = [...lastByKey].map(([key, value]) => ({ run_uuid: runId, key, value }))
  if (rows.length > 0) await upsert(db, 'tags', rows, ['key', 'run_uuid'], ['value'])
  return rows
}
