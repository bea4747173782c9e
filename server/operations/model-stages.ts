/** The stages of model versions. */
import type { Db } from '../db/index.ts'
import { invalidParameter } from '../errors.ts'
import { insertActivities } from '../store/model-activities.ts'
import {
  getModelVersion,
  listLatestVersions,
  listOtherVersions,
  lockModelVersion,
  type ModelVersion,
  type ModelVersionRow,
  moveOtherVersions,
  updateModelVersion,
  withAliases,
} from '../store/model-versions.ts'
import { requireRegisteredModel, updateRegisteredModel } from '../store/registered-models.ts'
import { activityOf, type Deed } from './model-activities.ts'

const STAGES = ['None', 'Staging', 'Production', 'Archived']
const IN_USE = ['Staging', 'Production']

/** A stage by its name, in any case. */
export function parseStage(name: string): string {
  const stage = STAGES.find((one) => one.toLowerCase() === name.toLowerCase())
  if (stage) return stage
  throw invalidParameter(`Invalid Model Version stage: ${name}. Value must be one of ${STAGES.join(', ')}.`)
}

/** The newest version in each of some stages, or in each of all. */
export async function getLatestVersions(
  db: Db,
  name: string,
  stages: readonly string[],
): Promise<ModelVersion[]> {
  await requireRegisteredModel(db, name)
  const wanted = stages.length > 0 ? stages.map(parseStage) : STAGES
  const latest = await listLatestVersions(db, [name])
  return withAliases(
    db,
    latest.filter((one) => wanted.includes(one.current_stage ?? '')),
  )
}

export interface Transition extends Deed {
  readonly name: string
  readonly version: number
  readonly stage: string
  /** Whether the versions that are in the stage now are archived. */
  readonly archiveOthers: boolean
}

export async function transitionStage(db: Db, transition: Transition): Promise<ModelVersion> {
  return db.transaction().execute(async (tx) => {
    const before = await moveVersion(tx, transition)
    const toStage = parseStage(transition.stage)
    await insertActivities(tx, [activityOf(before, 'APPLIED_TRANSITION', transition, { toStage })])
    return getModelVersion(tx, transition.name, transition.version)
  })
}

/**
 * Moves a version to a stage; `tx` is a transaction.
 * @returns the version as it was before
 */
export async function moveVersion(tx: Db, transition: Transition): Promise<ModelVersionRow> {
  const { name, version, stage, archiveOthers, now } = transition
  const to = parseStage(stage)
  if (archiveOthers && !IN_USE.includes(to)) {
    throw invalidParameter(
      `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage. Valid stages are ['Staging', 'Production']`,
    )
  }
  const before = await lockModelVersion(tx, name, version)
  if (archiveOthers) await archiveOthersIn(tx, to, transition)
  await updateModelVersion(tx, name, version, { current_stage: to, last_updated_time: now })
  await updateRegisteredModel(tx, name, { last_updated_time: now })
  return before
}

async function archiveOthersIn(
  tx: Db,
  stage: string,
  { name, version, user, now }: Transition,
): Promise<void> {
  const toStage = 'Archived'
  const systemComment = `Version ${version} moved to ${stage}`
  const others = await listOtherVersions(tx, { name, version, stage })
  await moveOtherVersions(tx, { name, version, from: stage, to: toStage, now })
  await insertActivities(
    tx,
    others.map((one) => activityOf(one, 'SYSTEM_TRANSITION', { user, now }, { toStage, systemComment })),
  )
}
