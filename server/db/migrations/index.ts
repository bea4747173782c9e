/** The steps from older schemas of MLflow to the one this server speaks. */
import { jobExecutor } from './dc11669786a5.ts'
import type { Migration } from './migration.ts'

/** Oldest first, each from where the one before it leads; the last leads to `SCHEMA_REVISION`. */
export const MIGRATIONS: readonly Migration[] = [jobExecutor]

/** The steps that bring a database forward; none where no way leads from its revision. */
export function migrationsFrom(revision: string): readonly Migration[] {
  const first = MIGRATIONS.findIndex(({ from }) => from === revision)
  return first < 0 ? [] : MIGRATIONS.slice(first)
}
