import { z } from 'zod'
import { type Rpc, rpc } from '../rpc.ts'
import { message, requiredText, text } from '../wire.ts'

/** GraphQL for MLflow's UI. Its root fields are RPCs of `rpcs`. */
export function graphqlRpc(rpcs: readonly Rpc[]): Rpc {
  return rpc({
    method: 'POST',
    path: '/graphql',
    surface: 'root',
    permission: 'signed-in',
    request: message({
      query: requiredText(),
      variables: z.record(z.string(), z.unknown()).optional(),
      operationName: text().optional(),
    }),
    async handler(context, request) {
      // Loaded when the first query comes: the library is a sixth of an idle server's memory.
      const { runQuery } = await import('../ui/graphql.ts')
      return runQuery(context, rpcs, request)
    },
  })
}
