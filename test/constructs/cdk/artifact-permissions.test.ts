/** That the table of what servers may do in S3 names each call they make, and no other. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ARTIFACT_PERMISSIONS } from '../../../constructs/cdk/artifact-permissions.ts'

const STORES = join(import.meta.dirname, '../../../server/artifacts')

it('the table of permissions names the calls to S3 that the server makes', async () => {
  const files = (await readdir(STORES)).filter((name) => name.startsWith('s3'))
  const sources = await Promise.all(files.map((name) => readFile(join(STORES, name), 'utf8')))
  const called = sources.flatMap((source) =>
    [...source.matchAll(/\b(?:new (\w+Command)|(paginate\w+))\(/g)].map(([, made, paged]) => made ?? paged),
  )
  expect(called).not.toEqual([])
  const named = Object.values(ARTIFACT_PERMISSIONS).flatMap(({ calls }) => [...calls])
  expect([...new Set(named)].sort()).toEqual([...new Set(called)].sort())
})
