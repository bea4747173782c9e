import type { Selectable } from 'kysely'
import type { Db } from '../db/index.ts'
import type { Database } from '../db/schema/index.ts'
import { upsert } from '../db/upsert.ts'
import { inChunks } from './chunks.ts'
import { WORKSPACE } from './experiments.ts'

export type AliasRow = Selectable<Database['registered_model_aliases']>

export async function listAliases(db: Db, names: readonly string[]): Promise<AliasRow[]> {
  return inChunks(names, (some) =>
    db
      .selectFrom('registered_model_aliases')
      .selectAll()
      .where('workspace', '=', WORKSPACE)
      .where('name', 'in', some)
      .execute(),
  )
}

export async function findAlias(db: Db, name: string, alias: string): Promise<AliasRow | undefined> {
  return db
    .selectFrom('registered_model_aliases')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('alias', '=', alias)
    .executeTakeFirst()
}

/** Points an alias at a version, wherever it pointed before. */
export async function setAlias(db: Db, name: string, alias: string, version: number): Promise<void> {
  await upsert(
    db,
    'registered_model_aliases',
    [{ workspace: WORKSPACE, name, alias, version }],
    ['workspace', 'name', 'alias'],
    ['version'],
  )
}

export async function deleteAlias(db: Db, name: string, alias: string): Promise<void> {
  await db
    .deleteFrom('registered_model_aliases')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('alias', '=', alias)
    .execute()
}

export async function deleteAliasesOfVersion(db: Db, name: string, version: number): Promise<void> {
  await db
    .deleteFrom('registered_model_aliases')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .execute()
}
