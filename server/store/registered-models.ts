import type { Selectable } from 'kysely'
import { dialectOf } from '../db/dialect.ts'
import type { Db } from '../db/index.ts'
import { locking } from '../db/row-lock.ts'
import type { Database } from '../db/schema/index.ts'
import { equalsText } from '../db/text-match.ts'
import { upsert } from '../db/upsert.ts'
import { notFound } from '../errors.ts'
import { byId, inChunks } from './chunks.ts'
import { type Tag, WORKSPACE } from './experiments.ts'
import { type AliasRow, listAliases } from './model-aliases.ts'
import { listLatestVersions, type ModelVersion } from './model-versions.ts'

/** The tag that makes a registered model, or a version, a prompt. */
export const PROMPT_TAG = 'mlflow.prompt.is_prompt'

/** Whether the tags of a registered model, the last of each key, make it a prompt. */
export function isPrompt(tags: readonly Tag[]): boolean {
  return tags.findLast(({ key }) => key === PROMPT_TAG)?.value?.toLowerCase() === 'true'
}

export type RegisteredModelRow = Selectable<Database['registered_models']>

export interface RegisteredModel extends RegisteredModelRow {
  readonly tags: readonly Tag[]
  readonly aliases: readonly AliasRow[]
  readonly latestVersions: readonly ModelVersion[]
}

export async function findRegisteredModelRow(db: Db, name: string): Promise<RegisteredModelRow | undefined> {
  const [row] = await listRows(db, [name])
  return row
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST */
export async function requireRegisteredModel(db: Db, name: string): Promise<void> {
  if (!(await findRegisteredModelRow(db, name))) throw missing(name)
}

export async function getRegisteredModel(db: Db, name: string): Promise<RegisteredModel> {
  const [found] = await listRegisteredModels(db, [name])
  if (!found) throw missing(name)
  return found
}

/** The models of these names that exist, in the order of the names, in five queries. */
export async function listRegisteredModels(db: Db, names: readonly string[]): Promise<RegisteredModel[]> {
  const rows = byId(await listRows(db, names), (row) => row.name)
  const tags = byId(await listModelTags(db, names), (tag) => tag.name)
  const aliases = byId(await listAliases(db, names), (alias) => alias.name)
  const latest = byId(await listLatestVersions(db, names), (version) => version.name)
  return names.flatMap((name) =>
    rows(name).map((row) => ({
      ...row,
      tags: tags(name),
      aliases: aliases(name),
      latestVersions: latest(name),
    })),
  )
}

export async function insertRegisteredModel(
  db: Db,
  { name, description, now }: { name: string; description: string; now: number },
): Promise<void> {
  await db
    .insertInto('registered_models')
    .values({ name, description, creation_time: now, last_updated_time: now, workspace: WORKSPACE })
    .execute()
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST */
export async function updateRegisteredModel(
  db: Db,
  name: string,
  change: { description?: string; last_updated_time: number },
): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('registered_models')
    .set(change)
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw missing(name)
}

/**
 * Gives a model, with its versions, tags and aliases, a name that no other has.
 * @throws ApiError RESOURCE_DOES_NOT_EXIST
 */
export async function renameRegisteredModel(
  tx: Db,
  name: string,
  newName: string,
  now: number,
): Promise<void> {
  const row = await lockRow(tx, name)
  // Not by one cascade: that of MySQL from 9.6 on fails for a model with more than one version.
  await tx
    .insertInto('registered_models')
    .values({ ...row, name: newName, last_updated_time: now })
    .execute()
  for (const table of ['registered_model_tags', 'registered_model_aliases', 'model_versions'] as const) {
    await tx
      .updateTable(table)
      .set({ name: newName })
      .where('workspace', '=', WORKSPACE)
      .where('name', '=', name)
      .execute()
  }
  await tx
    .deleteFrom('registered_models')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .execute()
}

/** Reads a model's row; until the end of the transaction nobody else changes it or gives it a version, tag or alias. */
async function lockRow(tx: Db, name: string): Promise<RegisteredModelRow> {
  const query = tx
    .selectFrom('registered_models')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
  const row = await locking(tx, query).executeTakeFirst()
  if (!row) throw missing(name)
  return row
}

/** Marks every version of a model as changed, the deleted ones too. */
export async function touchVersions(db: Db, name: string, now: number): Promise<void> {
  await db
    .updateTable('model_versions')
    .set({ last_updated_time: now })
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .execute()
}

/** Deletes a model with everything of it, for good. */
export async function deleteRegisteredModel(db: Db, name: string): Promise<void> {
  const tables = [
    'trackyard_model_activities',
    'model_version_tags',
    'model_versions',
    'registered_model_aliases',
    'registered_model_tags',
    'registered_models',
  ] as const
  for (const table of tables) {
    await db.deleteFrom(table).where('workspace', '=', WORKSPACE).where('name', '=', name).execute()
  }
}

export async function listModelTags(db: Db, names: readonly string[]) {
  return inChunks(names, (some) =>
    db
      .selectFrom('registered_model_tags')
      .select(['name', 'key', 'value'])
      .where('workspace', '=', WORKSPACE)
      .where('name', 'in', some)
      .execute(),
  )
}

export async function setModelTags(db: Db, name: string, tags: readonly Tag[]): Promise<void> {
  await upsert(
    db,
    'registered_model_tags',
    tags.map(({ key, value }) => ({ workspace: WORKSPACE, name, key, value })),
    ['workspace', 'key', 'name'],
    ['value'],
  )
}

export async function deleteModelTag(db: Db, name: string, key: string): Promise<void> {
  await db
    .deleteFrom('registered_model_tags')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where((eb) => equalsText(dialectOf(db), eb.ref('key'), key))
    .execute()
}

async function listRows(db: Db, names: readonly string[]): Promise<RegisteredModelRow[]> {
  return inChunks(names, (some) =>
    db
      .selectFrom('registered_models')
      .selectAll()
      .where('workspace', '=', WORKSPACE)
      .where('name', 'in', some)
      .execute(),
  )
}

function missing(name: string) {
  return notFound(`Registered Model with name=${name} not found`)
}
