/** Models that runs log, or that are logged on their own, before they are registered. */
import type { Db } from '../db/index.ts'
import { ApiError, invalidParameter } from '../errors.ts'
import { getExperiment } from '../store/experiments.ts'
import {
  getLoggedModelRow,
  hydrateLoggedModel,
  insertLoggedModel,
  insertLoggedModelParams,
  type KeyValue,
  type LoggedModel,
  listParamKeys,
  setLoggedModelTags,
  updateLoggedModel,
} from '../store/logged-models.ts'
import { newHexId } from './ids.ts'
import { generateName } from './random-name.ts'

export interface NewLoggedModel {
  readonly experimentId: number
  /** Empty for one the server makes up. */
  readonly name: string
  readonly modelType: string
  readonly sourceRunId: string
  readonly params: readonly KeyValue[]
  readonly tags: readonly KeyValue[]
  readonly now: number
}

/** A status as the database keeps it. */
export const STATUS_NUMBERS = {
  LOGGED_MODEL_STATUS_UNSPECIFIED: 0,
  LOGGED_MODEL_PENDING: 1,
  LOGGED_MODEL_READY: 2,
  LOGGED_MODEL_UPLOAD_FAILED: 3,
} as const

export type LoggedModelStatus = keyof typeof STATUS_NUMBERS

export async function createLoggedModel(db: Db, model: NewLoggedModel): Promise<LoggedModel> {
  const { experimentId, params, tags, now } = model
  refuseTwice('tag', tags)
  refuseTwice('parameter', params)
  const modelId = `m-${newHexId()}`
  return db.transaction().execute(async (tx) => {
    const { artifact_location, lifecycle_stage } = await getExperiment(tx, experimentId)
    if (lifecycle_stage !== 'active') {
      throw invalidParameter(
        `The experiment ${experimentId} must be in the 'active' state. Current state is ${lifecycle_stage}.`,
      )
    }
    await insertLoggedModel(tx, {
      model_id: modelId,
      experiment_id: experimentId,
      name: model.name || generateName(),
      artifact_location: `${(artifact_location ?? '').replace(/\/+$/, '')}/models/${modelId}/artifacts`,
      creation_timestamp_ms: now,
      last_updated_timestamp_ms: now,
      model_type: model.modelType,
      status: STATUS_NUMBERS.LOGGED_MODEL_PENDING,
      lifecycle_stage: 'active',
      source_run_id: model.sourceRunId,
    })
    const row = await getLoggedModelRow(tx, modelId)
    await insertLoggedModelParams(tx, row, params)
    await setLoggedModelTags(tx, row, tags)
    return { ...row, params, tags, metrics: [] }
  })
}

export async function finalizeLoggedModel(
  db: Db,
  modelId: string,
  status: LoggedModelStatus,
  now: number,
): Promise<LoggedModel> {
  return db.transaction().execute(async (tx) => {
    await getLoggedModelRow(tx, modelId)
    await updateLoggedModel(tx, modelId, { status: STATUS_NUMBERS[status], last_updated_timestamp_ms: now })
    return hydrateLoggedModel(tx, await getLoggedModelRow(tx, modelId))
  })
}

export async function deleteLoggedModel(db: Db, modelId: string, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await getLoggedModelRow(tx, modelId)
    await updateLoggedModel(tx, modelId, { lifecycle_stage: 'deleted', last_updated_timestamp_ms: now })
  })
}

/** Adds parameters; none may be there already, not even with the same value. */
export async function logLoggedModelParams(
  db: Db,
  modelId: string,
  params: readonly KeyValue[],
): Promise<void> {
  refuseTwice('parameter', params)
  await db.transaction().execute(async (tx) => {
    const row = await getLoggedModelRow(tx, modelId)
    const keys = params.map(({ key }) => key)
    const [taken] = await listParamKeys(tx, modelId, keys)
    if (taken !== undefined) {
      throw new ApiError('BAD_REQUEST', `Logged model '${modelId}' has a parameter '${taken}' already.`)
    }
    await insertLoggedModelParams(tx, row, params)
  })
}

function refuseTwice(what: string, items: readonly KeyValue[]): void {
  const seen = new Set<string>()
  for (const { key } of items) {
    if (seen.has(key)) throw new ApiError('BAD_REQUEST', `The request has the ${what} '${key}' twice.`)
    seen.add(key)
  }
}
