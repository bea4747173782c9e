/** Registered models and prompts share one table and one space of names. */
import type { Db } from '../db/index.ts'
import { ApiError } from '../errors.ts'
import type { Tag } from '../store/experiments.ts'
import { renameActivities } from '../store/model-activities.ts'
import {
  findRegisteredModelRow,
  getRegisteredModel,
  insertRegisteredModel,
  listModelTags,
  PROMPT_TAG,
  type RegisteredModel,
  renameRegisteredModel,
  requireRegisteredModel,
  setModelTags,
  touchVersions,
  updateRegisteredModel,
} from '../store/registered-models.ts'
import { announceModel } from './webhook-events.ts'

export interface NewModel {
  readonly name: string
  readonly description: string
  readonly tags: readonly Tag[]
  readonly now: number
}

/**
 * @param tx a transaction
 * @throws ApiError RESOURCE_ALREADY_EXISTS for a name that a model or a prompt has
 */
export async function registerModel(
  tx: Db,
  { name, description, tags, now }: NewModel,
): Promise<RegisteredModel> {
  if (await findRegisteredModelRow(tx, name)) throw taken(name, tags, await listModelTags(tx, [name]))
  await insertRegisteredModel(tx, { name, description, now })
  await setModelTags(tx, name, lastOfEachKey(tags))
  await announceModel(tx, { name, description, tags, now })
  return getRegisteredModel(tx, name)
}

/** Renames a model with its versions, tags and aliases, and what was said about them. */
export async function renameModel(
  db: Db,
  name: string,
  newName: string,
  now: number,
): Promise<RegisteredModel> {
  return db.transaction().execute(async (tx) => {
    await requireRegisteredModel(tx, name)
    if (newName === name) {
      await updateRegisteredModel(tx, name, { last_updated_time: now })
    } else {
      if (await findRegisteredModelRow(tx, newName)) {
        throw new ApiError('RESOURCE_ALREADY_EXISTS', `Registered Model (name=${newName}) already exists.`)
      }
      await renameRegisteredModel(tx, name, newName, now)
      await renameActivities(tx, name, newName)
    }
    await touchVersions(tx, newName, now)
    return getRegisteredModel(tx, newName)
  })
}

/** Of tags that share a key the last one holds, as in MLflow. */
export function lastOfEachKey<T extends { readonly key: string }>(tags: readonly T[]): T[] {
  return [...new Map(tags.map((tag) => [tag.key, tag])).values()]
}

function taken(name: string, tags: readonly Tag[], tagsOfHolder: readonly Tag[]): ApiError {
  const [holder, wanted] = [tagsOfHolder, tags].map((some) =>
    some.some((tag) => tag.key === PROMPT_TAG) ? 'Prompt' : 'Registered Model',
  ) as [string, string]
  return new ApiError(
    'RESOURCE_ALREADY_EXISTS',
    holder === wanted
      ? `${wanted} (name=${name}) already exists.`
      : `Tried to create a ${wanted.toLowerCase()} with name '${name}', but the name is already taken by a ${holder.toLowerCase()}. MLflow does not allow creating a model and a prompt with the same name.`,
  )
}
