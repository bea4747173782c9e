import { defineConfig } from 'vitest/config'
import { ClosingLines } from './test/support/closing-lines.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Two cores: more workers only make the real servers of the tests wait for each other.
    maxWorkers: 2,
    reporters: ['default', new ClosingLines()],
  },
})
