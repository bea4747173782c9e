/** Skips every test of a run on PostgreSQL where there is none. */
import { beforeEach } from 'vitest'
import { hasPostgres, NO_POSTGRES } from './postgres.ts'

const there = hasPostgres()

beforeEach((context) => {
  if (!there) context.skip(NO_POSTGRES)
})
