import type { Insertable, Selectable, Updateable } from 'kysely'
import { dialectOf } from '../db/dialect.ts'
import type { Db } from '../db/index.ts'
import { versionTable } from '../db/pairs.ts'
import { locking } from '../db/row-lock.ts'
import type { Database } from '../db/schema/index.ts'
import { upsert } from '../db/upsert.ts'
import { notFound } from '../errors.ts'
import { inChunks } from './chunks.ts'
import { type Tag, WORKSPACE } from './experiments.ts'
import { listAliases } from './model-aliases.ts'

export type ModelVersionRow = Selectable<Database['model_versions']>

export interface ModelVersion extends ModelVersionRow {
  readonly tags: readonly Tag[]
  readonly aliases: readonly string[]
}

/** The stage of a deleted version: its row stays, so that its number is not given again. */
export const DELETED_STAGE = 'Deleted_Internal'

/** PostgreSQL and MySQL refuse to compare an integer column with more. */
const GREATEST_VERSION = 2 ** 31 - 1

export async function getModelVersionRow(db: Db, name: string, version: number): Promise<ModelVersionRow> {
  return readRow(name, version, selectRow(db, name, version))
}

/** Reads a version for a transaction that depends on it: until its end nobody else renames, moves or deletes it. */
export async function lockModelVersion(tx: Db, name: string, version: number): Promise<ModelVersionRow> {
  return readRow(name, version, locking(tx, selectRow(tx, name, version)))
}

function selectRow(db: Db, name: string, version: number) {
  return db
    .selectFrom('model_versions')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .where('current_stage', '!=', DELETED_STAGE)
}

async function readRow(
  name: string,
  version: number,
  query: ReturnType<typeof selectRow>,
): Promise<ModelVersionRow> {
  const row = Math.abs(version) > GREATEST_VERSION ? undefined : await query.executeTakeFirst()
  if (!row) throw notFound(`Model Version (name=${name}, version=${version}) not found`)
  return row
}

export async function getModelVersion(db: Db, name: string, version: number): Promise<ModelVersion> {
  const [found] = await withAliases(db, await withTags(db, [await getModelVersionRow(db, name, version)]))
  return found as ModelVersion
}

/** Where a version's files are. */
export async function getDownloadUri(db: Db, name: string, version: number): Promise<string> {
  const { storage_location, source } = await getModelVersionRow(db, name, version)
  return storage_location || source || ''
}

/** Versions with their tags; MLflow leaves aliases out of lists. */
export async function withTags(db: Db, rows: readonly ModelVersionRow[]): Promise<ModelVersion[]> {
  const tags = await listVersionTags(db, rows)
  const tagsOf = Map.groupBy(tags, keyOf)
  return rows.map((row) => ({ ...row, tags: tagsOf.get(keyOf(row)) ?? [], aliases: [] }))
}

export async function withAliases(db: Db, versions: readonly ModelVersion[]): Promise<ModelVersion[]> {
  const rows = await listAliases(db, [...new Set(versions.map(({ name }) => name))])
  const aliasesOf = Map.groupBy(rows, keyOf)
  return versions.map((one) => ({
    ...one,
    aliases: aliasesOf.get(keyOf(one))?.map((row) => row.alias) ?? [],
  }))
}

/** The newest version of each model in each stage, in the order in which the model's stages were first used. */
export async function listLatestVersions(db: Db, names: readonly string[]): Promise<ModelVersion[]> {
  const rows = await inChunks(names, (some) => {
    const latest = db
      .selectFrom('model_versions')
      .select((eb) => ['name', eb.fn.max('version').as('last'), eb.fn.min('version').as('first')])
      .where('workspace', '=', WORKSPACE)
      .where('name', 'in', some)
      .where('current_stage', '!=', DELETED_STAGE)
      .groupBy(['name', 'current_stage'])
      .as('latest')
    return db
      .selectFrom(latest)
      .crossJoin('model_versions as one')
      .selectAll('one')
      .whereRef('one.name', '=', 'latest.name')
      .whereRef('one.version', '=', 'latest.last')
      .where('one.workspace', '=', WORKSPACE)
      .orderBy('latest.name')
      .orderBy('latest.first')
      .execute()
  })
  return withTags(db, rows)
}

/** Deleted versions count: their numbers are not given again. */
export async function nextVersion(db: Db, name: string): Promise<number> {
  const { last } = await db
    .selectFrom('model_versions')
    .select((eb) => eb.fn.max('version').as('last'))
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  return Number(last ?? 0) + 1
}

export async function insertModelVersion(
  db: Db,
  version: Omit<Insertable<Database['model_versions']>, 'workspace'>,
): Promise<void> {
  await db
    .insertInto('model_versions')
    .values({ ...version, workspace: WORKSPACE })
    .execute()
}

export async function updateModelVersion(
  db: Db,
  name: string,
  version: number,
  change: Updateable<Database['model_versions']>,
): Promise<void> {
  await db
    .updateTable('model_versions')
    .set(change)
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .execute()
}

/** A model's other versions in a stage. */
export async function listOtherVersions(
  db: Db,
  { name, version, stage }: { name: string; version: number; stage: string },
): Promise<ModelVersionRow[]> {
  return db
    .selectFrom('model_versions')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '!=', version)
    .where('current_stage', '=', stage)
    .execute()
}

/** Moves a model's other versions out of a stage. */
export async function moveOtherVersions(
  db: Db,
  { name, version, from, to, now }: { name: string; version: number; from: string; to: string; now: number },
): Promise<void> {
  await db
    .updateTable('model_versions')
    .set({ current_stage: to, last_updated_time: now })
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '!=', version)
    .where('current_stage', '=', from)
    .execute()
}

export async function setVersionTags(
  db: Db,
  name: string,
  version: number,
  tags: readonly Tag[],
): Promise<void> {
  await upsert(
    db,
    'model_version_tags',
    tags.map(({ key, value }) => ({ workspace: WORKSPACE, name, version, key, value })),
    ['workspace', 'key', 'name', 'version'],
    ['value'],
  )
}

export async function deleteVersionTag(db: Db, name: string, version: number, key: string): Promise<void> {
  await db
    .deleteFrom('model_version_tags')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .where('key', '=', key)
    .execute()
}

// CROSS JOIN, here and above: SQLite keeps its order, and left to itself reads every tag for each version.
async function listVersionTags(db: Db, rows: readonly ModelVersionRow[]) {
  return inChunks(rows, (some) =>
    db
      .selectFrom(versionTable(dialectOf(db), some, 'wanted'))
      .crossJoin('model_version_tags as tag')
      .select(['tag.name', 'tag.version', 'tag.key', 'tag.value'])
      .whereRef('tag.name', '=', 'wanted.name')
      .whereRef('tag.version', '=', 'wanted.version')
      .where('tag.workspace', '=', WORKSPACE)
      .execute(),
  )
}

/** A model's name has no slash. */
function keyOf({ name, version }: { name: string; version: number }): string {
  return `${name}/${version}`
}
