import type { KyselyPlugin } from 'kysely'
import { describe, expect, it } from 'vitest'
import type { Db } from '../../server/db/index.ts'
import { hydrateLoggedModels } from '../../server/store/logged-models.ts'
import { insertModelVersion, setVersionTags, withTags } from '../../server/store/model-versions.ts'
import { insertRegisteredModel, listRegisteredModels } from '../../server/store/registered-models.ts'
import { testContext } from '../server/support.ts'

/** The same database, and the number of queries it has run since. */
function counted(db: Db): { db: Db; queries(): number } {
  let count = 0
  const counter: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      count++
      return result
    },
  }
  return { db: db.withPlugin(counter), queries: () => count }
}

async function addModels(db: Db, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await insertRegisteredModel(db, { name, description: '', now: 1 })
    for (const version of [1, 2]) {
      await insertModelVersion(db, { name, version, current_stage: 'None' })
      await setVersionTags(db, name, version, [{ key: 'is', value: `${name}/${version}` }])
    }
  }
}

describe('pages of the registry', () => {
  it('reads a page of models in five queries', async () => {
    const { db } = await testContext()
    const names = Array.from({ length: 40 }, (_, i) => `m${i}`)
    await addModels(db, names)
    const watched = counted(db)
    const models = await listRegisteredModels(watched.db, names)
    expect(models.map((model) => model.latestVersions[0]?.tags[0]?.value)).toEqual(
      names.map((name) => `${name}/2`),
    )
    expect(watched.queries()).toBe(5)
  })

  it('gives each version its own tags, over more versions than one query takes', async () => {
    const { db } = await testContext()
    await addModels(db, ['a', 'b'])
    const one = await db.selectFrom('model_versions').selectAll().where('version', '=', 1).execute()
    const two = await db.selectFrom('model_versions').selectAll().where('version', '=', 2).execute()
    const [a1, b1, a2, b2] = [...one, ...two]
    const filler = Array.from({ length: 5_000 }, (_, i) => ({ ...a1, name: 'none', version: i + 3 }))
    const rows = [a1, b2, ...filler, a2, b1] as typeof one
    const versions = await withTags(db, rows)
    for (const version of versions.filter(({ name }) => name !== 'none')) {
      expect(version.tags.map((tag) => tag.value)).toEqual([`${version.name}/${version.version}`])
    }
  })

  it('reads a page of logged models in three queries', async () => {
    const { db } = await testContext()
    for (let i = 0; i < 30; i++) {
      await db
        .insertInto('logged_models')
        .values({
          model_id: `m-${i}`,
          experiment_id: 0,
          name: 'n',
          artifact_location: '',
          creation_timestamp_ms: 1,
          last_updated_timestamp_ms: 1,
          status: 1,
        })
        .execute()
    }
    const rows = await db.selectFrom('logged_models').selectAll().execute()
    const watched = counted(db)
    expect(await hydrateLoggedModels(watched.db, rows)).toHaveLength(30)
    expect(watched.queries()).toBe(3)
  })
})
