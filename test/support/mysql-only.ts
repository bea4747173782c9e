/** Skips every test of a run on MariaDB or MySQL where there is none. */
import { beforeEach } from 'vitest'
import { hasServer, NO_SERVER } from './mysql.ts'

const kind = process.env.TRACKYARD_TEST_BACKEND === 'MySQL' ? 'MySQL' : 'MariaDB'
const there = hasServer(kind)

beforeEach((context) => {
  if (!there) context.skip(NO_SERVER[kind])
})
