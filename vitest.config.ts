import { defineConfig } from 'vitest/config'
import { ClosingLines } from './test/support/closing-lines.ts'

/** Tests that run on every database: they open theirs with `testContext` or `testApp`. */
const ON_EACH_BACKEND = ['test/server/*.test.ts', 'test/store/*.test.ts']
/** Of those, what asks no database. */
const WITHOUT_DATABASE = ['artifact-*', 'config', 'security', 'silent-*', 'ui-pages'].map(
  (name) => `test/server/${name}.test.ts`,
)

const IN_A_BROWSER = 'test/e2e/browser/*.test.ts'

/** The oldest PostgreSQL and the newest; the machine's own is between them. */
const VERSIONS = ['13', '18']

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // A busy machine takes longer than the second that is the default.
    expect: { poll: { timeout: 15_000 } },
    // Two cores: more workers only make the real servers of the tests wait for each other.
    maxWorkers: 2,
    reporters: ['default', new ClosingLines()],
    globalSetup: ['test/support/postgres.ts', 'test/support/mysql.ts'],
    projects: [
      { extends: true, test: { name: 'all', include: ['test/**/*.test.ts'], exclude: [IN_A_BROWSER] } },
      {
        extends: true,
        // After all others: Chromium drops its requests whenever a container changes the machine's networks.
        test: { name: 'browser', include: [IN_A_BROWSER], sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: ON_EACH_BACKEND,
          exclude: WITHOUT_DATABASE,
          env: { TRACKYARD_TEST_BACKEND: 'postgres' },
          setupFiles: 'test/support/postgres-only.ts',
        },
      },
      ...VERSIONS.map((version) => ({
        extends: true as const,
        test: {
          name: `postgres ${version}`,
          include: ['test/db/{postgres-schema,races,postgres-client,prepare}.test.ts'],
          env: { TRACKYARD_TEST_POSTGRES_VERSION: version },
        },
      })),
      ...['MariaDB', 'MySQL'].map((kind) => ({
        extends: true as const,
        test: {
          name: kind.toLowerCase(),
          include: ON_EACH_BACKEND,
          exclude: WITHOUT_DATABASE,
          env: { TRACKYARD_TEST_BACKEND: kind },
          setupFiles: 'test/support/mysql-only.ts',
          // The first test of a run waits for the server and its schema.
          testTimeout: 60_000,
        },
      })),
    ],
  },
})
