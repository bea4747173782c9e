/** Creating and deleting versions of registered models. */
import type { Access } from '../access/access.ts'
import type { Config } from '../config.ts'
import type { Db } from '../db/index.ts'
import { pythonJson } from '../python-json.ts'
import type { Tag } from '../store/experiments.ts'
import {
  findLoggedModelTag,
  getActiveLoggedModelRow,
  setLoggedModelTags,
  VERSIONS_TAG,
} from '../store/logged-models.ts'
import { deleteActivities } from '../store/model-activities.ts'
import { deleteAliasesOfVersion } from '../store/model-aliases.ts'
import {
  DELETED_STAGE,
  getModelVersion,
  getModelVersionRow,
  insertModelVersion,
  type ModelVersion,
  nextVersion,
  setVersionTags,
  updateModelVersion,
} from '../store/model-versions.ts'
import { isPrompt, updateRegisteredModel } from '../store/registered-models.ts'
import { promptSource, type RequestedSource, resolveSource } from './model-source.ts'
import { lastOfEachKey } from './register-model.ts'
import { announceVersion } from './webhook-events.ts'

export interface NewVersion extends RequestedSource {
  readonly name: string
  readonly description: string
  readonly runLink: string
  readonly tags: readonly Tag[]
  readonly now: number
}

/** Adds a version to a model, with the next number, and notes it on the logged model it is made of. */
export async function createModelVersion(
  db: Db,
  { config, access }: { config: Config; access: Access },
  version: NewVersion,
): Promise<ModelVersion> {
  const { name, description, runLink, now } = version
  const tags = lastOfEachKey(version.tags)
  return db.transaction().execute(async (tx) => {
    const { source, runId, modelId, storageLocation } = isPrompt(tags)
      ? promptSource(version)
      : await resolveSource(tx, { config, access }, version)
    // Before the number is read: this locks the model, so that two versions at once get two numbers.
    await updateRegisteredModel(tx, name, { last_updated_time: now })
    const number = await nextVersion(tx, name)
    await insertModelVersion(tx, {
      name,
      version: number,
      creation_time: now,
      last_updated_time: now,
      description,
      current_stage: 'None',
      source,
      storage_location: storageLocation,
      run_id: runId,
      run_link: runLink,
      status: 'READY',
    })
    await setVersionTags(tx, name, number, tags)
    if (modelId) await noteVersion(tx, modelId, name, number)
    await announceVersion(tx, { name, version: number, source, runId, description, tags, now })
    return getModelVersion(tx, name, number)
  })
}

/** Deletes a version: its row stays without what it said, and its number is never given again. */
export async function deleteModelVersion(db: Db, name: string, version: number, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await getModelVersionRow(tx, name, version)
    await deleteAliasesOfVersion(tx, name, version)
    await deleteActivities(tx, name, version)
    await updateModelVersion(tx, name, version, {
      current_stage: DELETED_STAGE,
      last_updated_time: now,
      description: null,
      user_id: null,
      status_message: null,
      source: 'REDACTED-SOURCE-PATH',
      run_id: 'REDACTED-RUN-ID',
      run_link: 'REDACTED-RUN-LINK',
    })
    await updateRegisteredModel(tx, name, { last_updated_time: now })
  })
}

async function noteVersion(db: Db, modelId: string, name: string, version: number): Promise<void> {
  const model = await getActiveLoggedModelRow(db, modelId)
  const noted = parseList(await findLoggedModelTag(db, modelId, VERSIONS_TAG))
  const note = pythonJson({ name, version })
  if (noted.some((one) => pythonJson(one) === note)) return
  const value = pythonJson([...noted, { name, version }])
  await setLoggedModelTags(db, model, [{ key: VERSIONS_TAG, value }])
}

function parseList(json: string | undefined): unknown[] {
  try {
    const parsed: unknown = JSON.parse(json ?? '[]')
    return Array.isArray(parsed) ? parsed : []
  } catch {
    return []
  }
}
