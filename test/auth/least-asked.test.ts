/** What asks its callers for little or nothing: lists that no route is to be on by mistake, whatever its table says. */
import { expect, it } from 'vitest'
import { isRead, type Permission } from '../../server/auth/permission.ts'
import { loginContext } from '../server/login-support.ts'
import { temporaryFolder } from '../server/support.ts'
import { exchanges, permissionOf } from './exchanges.ts'
import { lockedApp } from './support.ts'

const OPEN = ['GET /build/*', 'GET /health', 'GET /readyz', 'GET /static-files/*', 'GET /version']

const SIGNED_IN = [
  'DELETE /2.0/trackyard/tokens',
  'GET /',
  'GET /2.0/mlflow/gateway-proxy',
  'GET /2.0/mlflow/users/current',
  'GET /2.0/mlflow/users/list',
  'GET /2.0/trackyard/tokens',
  'GET /3.0/mlflow/assistant/config',
  'GET /3.0/mlflow/assistant/providers',
  'GET /3.0/mlflow/server-info',
  'GET /3.0/mlflow/ui-telemetry',
  'GET /3.0/mlflow/users/current/permissions',
  'POST /2.0/trackyard/tokens',
  'POST /3.0/mlflow/ui-telemetry',
  'POST /graphql',
]

/** Searches, with a body: they change nothing. */
const READ_BY_POST = [
  'POST /2.0/mlflow/artifacts/presigned-download-url',
  'POST /2.0/mlflow/experiments/search',
  'POST /2.0/mlflow/experiments/search-datasets',
  'POST /2.0/mlflow/logged-models/search',
  'POST /2.0/mlflow/registered-models/get-latest-versions',
  'POST /2.0/mlflow/runs/search',
  // MLflow's own spelling.
  'POST /2.0mlflow/experiments/search-datasets',
  'POST /3.0/mlflow/datasets/search',
  'POST /3.0/mlflow/issues/search',
  'POST /3.0/mlflow/traces/batchGetInfos',
  'POST /3.0/mlflow/traces/metrics',
  'POST /3.0/mlflow/traces/search',
]

it('nobody gets in without a credential but to these', async () => {
  expect(await namesOf((permission) => permission === 'open')).toEqual(OPEN)
})

it('whoever is signed in gets these, and nothing else, without a grant', async () => {
  expect(await namesOf((permission) => permission === 'signed-in')).toEqual(SIGNED_IN)
})

it('who may read may send these, and nothing else that is no GET', async () => {
  const reads = await namesOf((permission) => typeof permission === 'object' && isRead(permission))
  expect(reads.filter((name) => !name.startsWith('GET'))).toEqual(READ_BY_POST)
})

/** Of the mounted routes with such a permission, each under one of its prefixes. */
async function namesOf(isMeant: (permission: Permission) => boolean): Promise<string[]> {
  const { context } = await loginContext({ uiDir: await temporaryFolder() })
  const app = lockedApp(context, {})
  await app.ready()
  const meant = exchanges(app).filter(({ route }) => isMeant(permissionOf(route)))
  const names = meant.map(({ route, method }) => `${method} ${route.url.replace(/^\/(ajax-)?api/, '')}`)
  return [...new Set(names)].filter((name) => !name.startsWith('HEAD ')).sort()
}
