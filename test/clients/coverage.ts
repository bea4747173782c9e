/** Which endpoints a run of the stock clients has called. */
import { type Endpoint, listEndpoints } from '../contract/endpoints.ts'
import type { ProxiedRequest } from '../support/proxy.ts'

/** Endpoints that the stock Python client of the contract's version does not call here, and who does. */
export const CALLED_BY_OTHERS: Readonly<Record<string, string>> = {
  'GET /[ajax-]api/2.0/mlflow/artifacts/list':
    'the R client; Python lists a proxied folder through the proxy',
  'GET /get-artifact': 'the UI',
  'GET /model-versions/get-artifact': 'the UI',
  'POST /ajax-api/2.0/mlflow/upload-artifact': 'the UI',
  'DELETE /[ajax-]api/2.0/mlflow-artifacts/artifacts/{artifact_path:path}': '`mlflow gc`',
  'GET /[ajax-]api/2.0/mlflow-artifacts/presigned/{artifact_path:path}':
    'only where the artifact store signs URLs; a folder does not',
  'GET /[ajax-]api/2.0/mlflow/experiments/search': 'scripts by hand; the clients send a POST',
  'POST /ajax-api/2.0/mlflow/experiments/search-datasets': 'the UI',
  'POST /[ajax-]api/2.0mlflow/experiments/search-datasets': 'nobody: a slash that MLflow forgot',
  'POST /graphql': 'the UI',
  'GET /health': 'load balancers and `trackyard health`',
  'GET /[ajax-]api/2.0/mlflow/logged-models/{model_id}/artifacts/directories': 'Python on Databricks',
  'GET /ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files': 'the UI',
  'GET /ajax-api/2.0/mlflow/metrics/get-history-bulk': 'the UI',
  'GET /[ajax-]api/2.0/mlflow/metrics/get-history-bulk-interval': 'the UI',
  'GET /[ajax-]api/2.0/mlflow/registered-models/get-latest-versions':
    'the Java and R clients; Python sends a POST',
  'POST /[ajax-]api/2.0/mlflow/runs/log-model': 'the R client and Python before 3',
  'GET /': 'browsers',
  'GET /build/{filename:path}': 'browsers',
  'GET /static-files/{path:path}': 'browsers',
}

/** What the scripts have to call: all that is served of MLflow's core, of logged models and of webhooks. */
export function endpointsToCall(): Endpoint[] {
  return listEndpoints().filter(
    ({ need, group, permission, isPending }) =>
      permission !== undefined &&
      !isPending &&
      (need === 'core' || group === 'logged-models' || group === 'webhooks'),
  )
}

export function wasCalled({ method, path }: Endpoint, requests: readonly ProxiedRequest[]): boolean {
  const pattern = path
    .split(/(\/\[ajax-\]api|\{[^}]*\})/)
    .map((part) => {
      if (part === '/[ajax-]api') return '/(?:ajax-)?api'
      if (part.startsWith('{')) return part.endsWith(':path}') ? '.+' : '[^/]+'
      return part.replace(/[.]/g, '\\.')
    })
    .join('')
  const url = new RegExp(`^${pattern}$`)
  return requests.some((request) => request.method === method && url.test(request.path))
}

export function nameOf({ method, path }: Endpoint): string {
  return `${method} ${path}`
}
