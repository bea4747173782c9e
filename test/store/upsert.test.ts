import { describe, expect, it } from 'vitest'
import { upsert } from '../../server/db/upsert.ts'
import { testContext } from '../server/support.ts'

const KEY = ['experiment_id', 'key'] as const

function tags(count: number, value: string) {
  return Array.from({ length: count }, (_, i) => ({ experiment_id: 0, key: `k${i}`, value }))
}

describe('upsert', () => {
  it('inserts new rows and updates those that are there', async () => {
    const { db } = await testContext()
    await upsert(db, 'experiment_tags', tags(1, 'old'), KEY, ['value'])
    await upsert(db, 'experiment_tags', tags(2, 'new'), KEY, ['value'])
    const rows = await db.selectFrom('experiment_tags').select(['key', 'value']).orderBy('key').execute()
    expect(rows).toEqual([
      { key: 'k0', value: 'new' },
      { key: 'k1', value: 'new' },
    ])
  })

  it('leaves a row that is there alone when there is nothing to update', async () => {
    const { db } = await testContext()
    await upsert(db, 'experiment_tags', tags(1, 'old'), KEY, ['value'])
    await upsert(db, 'experiment_tags', tags(2, 'new'), KEY, [])
    const rows = await db.selectFrom('experiment_tags').select('value').orderBy('key').execute()
    expect(rows).toEqual([{ value: 'old' }, { value: 'new' }])
  })

  it('takes more rows than one statement has variables for', async () => {
    const { db } = await testContext()
    await upsert(db, 'experiment_tags', tags(12_000, 'v'), KEY, ['value'])
    const { count } = await db
      .selectFrom('experiment_tags')
      .select((eb) => eb.fn.countAll().as('count'))
      .executeTakeFirstOrThrow()
    expect(count).toBe(12_000)
  })

  it('does nothing for no rows', async () => {
    const { db } = await testContext()
    await upsert(db, 'experiment_tags', [], KEY, ['value'])
    expect(await db.selectFrom('experiment_tags').selectAll().execute()).toEqual([])
  })
})
