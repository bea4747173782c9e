import { expect, it } from 'vitest'
import { readFigures } from '../../server/db/figures.ts'
import { testContext } from '../server/support.ts'

it('a database says its version and size, and where it is a server its connections and its clock', async () => {
  const { db, config } = await testContext()
  const { version, sizeBytes, connections, now } = await readFigures(db, config.backendStoreUri)
  expect(version).toMatch(/^(SQLite|PostgreSQL|MySQL) \d+\.\d+/)
  expect(sizeBytes).toBeGreaterThan(10_000)
  if (version.startsWith('SQLite')) {
    expect({ connections, now }).toEqual({})
    return
  }
  expect(connections?.open).toBeGreaterThan(0)
  expect(connections?.most).toBeGreaterThan(connections?.open ?? 0)
  expect(Math.abs(Date.now() - (now ?? 0))).toBeLessThan(30_000)
})
