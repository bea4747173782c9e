/** The stages of model versions. */
import type { Db } from '../db/index.ts'
import { invalidParameter } from '../errors.ts'
import {
  getModelVersion,
  getModelVersionRow,
  listLatestVersions,
  type ModelVersion,
  moveOtherVersions,
  updateModelVersion,
  withAliases,
} from '../store/model-versions.ts'
import { requireRegisteredModel, updateRegisteredModel } from '../store/registered-models.ts'

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

export interface Transition {
  readonly name: string
  readonly version: number
  readonly stage: string
  /** Whether the versions that are in the stage now are archived. */
  readonly archiveOthers: boolean
  readonly now: number
}

export async function transitionStage(db: Db, transition: Transition): Promise<ModelVersion> {
  return db.transaction().execute(async (tx) => {
    await moveVersion(tx, transition)
    return getModelVersion(tx, transition.name, transition.version)
  })
}

/** Moves a version to a stage; `tx` is a transaction. */
export async function moveVersion(
  tx: Db,
  { name, version, stage, archiveOthers, now }: Transition,
): Promise<void> {
  const to = parseStage(stage)
  if (archiveOthers && !IN_USE.includes(to)) {
    throw invalidParameter(
      `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage. Valid stages are ['Staging', 'Production']`,
    )
  }
  await getModelVersionRow(tx, name, version)
  if (archiveOthers) await moveOtherVersions(tx, { name, version, from: to, to: 'Archived', now })
  await updateModelVersion(tx, name, version, { current_stage: to, last_updated_time: now })
  await updateRegisteredModel(tx, name, { last_updated_time: now })
}
