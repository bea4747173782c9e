/** Registered models and versions as one caller may see them: without versions and runs that are not its to read. */
import { type Access, isUnlimited, mayOnPart } from '../access/access.ts'
import type { Db } from '../db/index.ts'
import type { ModelVersion } from '../store/model-versions.ts'
import { readableRuns } from '../store/readable.ts'
import { isPrompt, type RegisteredModel } from '../store/registered-models.ts'

export async function shownVersions(
  db: Db,
  access: Access,
  versions: readonly ModelVersion[],
): Promise<readonly ModelVersion[]> {
  if (isUnlimited(access)) return versions
  const runs = new Set(
    await readableRuns(
      db,
      access,
      versions.flatMap(({ run_id }) => run_id || []),
    ),
  )
  return versions.map((one) =>
    !one.run_id || runs.has(one.run_id) ? one : { ...one, run_id: null, run_link: null },
  )
}

export async function shownVersion(db: Db, access: Access, version: ModelVersion): Promise<ModelVersion> {
  const [shown] = await shownVersions(db, access, [version])
  return shown as ModelVersion
}

/** Models without the versions that the caller may not read. */
export async function shownRegisteredModels(
  db: Db,
  access: Access,
  models: readonly RegisteredModel[],
): Promise<readonly RegisteredModel[]> {
  if (isUnlimited(access)) return models
  const readable = models.map((model) =>
    readsVersions(access, model) ? model : { ...model, latestVersions: [], aliases: [] },
  )
  const versions = await shownVersions(
    db,
    access,
    readable.flatMap((model) => model.latestVersions),
  )
  const shown = Map.groupBy(versions, ({ name }) => name)
  return readable.map((model) => ({ ...model, latestVersions: shown.get(model.name) ?? [] }))
}

export async function shownRegisteredModel(
  db: Db,
  access: Access,
  model: RegisteredModel,
): Promise<RegisteredModel> {
  const [shown] = await shownRegisteredModels(db, access, [model])
  return shown as RegisteredModel
}

function readsVersions(access: Access, model: RegisteredModel): boolean {
  const [part, owner] = isPrompt(model.tags)
    ? (['prompt_version', 'prompt'] as const)
    : (['registered_model_version', 'registered_model'] as const)
  return mayOnPart(access, 'read', part, owner, model.name)
}
