/** What `--artifacts-only` leaves of the API: the proxy of artifacts. The rest says that it is not here. */
import { ApiError } from './errors.ts'
import type { Route } from './routes/route.ts'
import type { Rpc } from './rpc.ts'

/** MLflow's client asks what a server can do before it sends a large file. */
const SERVED = /^\/mlflow-artifacts\/|^\/mlflow\/server-info$/

export function onlyArtifactRpcs(rpcs: readonly Rpc[]): Rpc[] {
  return rpcs.map((one) => (SERVED.test(one.path) ? one : { ...one, run: refuse }))
}

export function onlyArtifactRoutes(routes: readonly Route[]): Route[] {
  return routes.map((one) => (one.path.includes('/mlflow-artifacts/') ? one : { ...one, handle: refuse }))
}

/** MLflow answers 503 here, which its client asks again for minutes. */
async function refuse(): Promise<never> {
  throw new ApiError(
    'NOT_IMPLEMENTED',
    'This server runs with --artifacts-only: it keeps artifacts and nothing else. Ask the tracking server.',
  )
}
