/** What does not compile, which `tsc` checks with everything else, and what a request without objects is good for. */
import { expect, it } from 'vitest'
import type { Route } from '../../server/routes/route.ts'
import { rpc } from '../../server/rpc.ts'
import { message, requiredText } from '../../server/wire.ts'

const parts = {
  method: 'POST',
  path: '/mlflow/runs/forgotten',
  request: message({ run_id: requiredText() }),
  handler: () => ({}),
} as const

it('an RPC compiles with a permission that its request can answer, and without one it does not', () => {
  const compiles = rpc({ ...parts, permission: { 'run.update': ({ run_id }) => ({ run: run_id }) } })
  expect(compiles.permission).toBeDefined()
  // @ts-expect-error without a permission
  rpc({ ...parts })
  // @ts-expect-error of nothing
  rpc({ ...parts, permission: undefined })
  // @ts-expect-error by a name alone, without what it is done to
  rpc({ ...parts, permission: 'run.update' })
  // @ts-expect-error by a name that no operation has
  rpc({ ...parts, permission: { 'run.fly': () => ({ run: '1' }) } })
  // @ts-expect-error by a field that the request has not
  rpc({ ...parts, permission: { 'run.update': ({ run_uuid }) => ({ run: run_uuid }) } })
  // @ts-expect-error on a kind of objects that there is not
  rpc({ ...parts, permission: { 'run.update': ({ run_id }) => ({ runs: run_id }) } })
})

it('a route of bytes does not compile without one either', () => {
  const handle: Route['handle'] = async (_context, _request, reply) => reply
  // @ts-expect-error without a permission
  const route: Route = { method: 'GET', path: '/forgotten', handle }
  expect(route.permission).toBeUndefined()
})
