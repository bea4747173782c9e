/** MLflow's endpoints as test/contract/endpoints.tsv lists them, each beside what this server has at its paths. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RPCS } from '../../server/api/index.ts'
import { pendingRpcs } from '../../server/api/pending.ts'
import { ROUTES } from '../../server/app.ts'
import { ONLY_SEEN, type Permission } from '../../server/auth/permission.ts'
import { urlsOf } from '../../server/rpc.ts'

export interface Endpoint {
  readonly method: string
  /** As the list writes it: `/[ajax-]api` for both prefixes. */
  readonly path: string
  readonly group: string
  readonly need: string
  /** The permission it is served with; undefined where it is not served, or not at every one of its paths. */
  readonly permission?: string
  /** Served as long as the database has none of what it is about, see docs/decisions/023. */
  readonly isPending: boolean
  /** Why it is not served, where that is meant. */
  readonly refusal?: string
}

/** What `server/health.ts` and `server/ui/pages.ts` answer without a table; the test asks the server for each. */
export const PAGES: Readonly<Record<string, Permission>> = {
  'GET /': 'signed-in',
  'GET /static-files/{}': 'open',
  'GET /build/{}': 'open',
  'GET /health': 'open',
  'GET /version': 'open',
}

/** What is not served on purpose, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  'GET /graphql': '405: a GET is open to cross-site requests, and the UI sends none',
}

export function listEndpoints(): Endpoint[] {
  const served = servedPaths()
  const pending = new Set<string>(
    pendingRpcs.flatMap((one) => urlsOf(one).map((url) => keyOf(one.method, url))),
  )
  return readContract().map((line) => {
    const keys = urlsIn(line.path).map((url) => keyOf(line.method, url))
    const permissions = keys.map((key) => served.get(key))
    const [permission] = permissions
    const refusal = REFUSED[`${line.method} ${line.path}`]
    return {
      ...line,
      ...(permission !== undefined && !permissions.includes(undefined) && { permission }),
      isPending: keys.some((key) => pending.has(key)),
      ...(refusal !== undefined && { refusal }),
    }
  })
}

export type OwnEndpoint = Pick<Endpoint, 'method' | 'path'> & { readonly permission: string }

/** What this server has and MLflow has not. */
export function listOwnEndpoints(): OwnEndpoint[] {
  const theirs = new Set(
    readContract().flatMap((line) => urlsIn(line.path).map((url) => keyOf(line.method, url))),
  )
  return RPCS.filter((one) => !urlsOf(one).some((url) => theirs.has(keyOf(one.method, url)))).map(
    ({ method, path, version = '2.0', permission }) => ({
      method,
      path: `/[ajax-]api/${version}${path}`,
      permission: shown(permission),
    }),
  )
}

/** Every name of what is asked, and whether the answer leaves out what may not be seen. */
function shown(permission: Permission): string {
  if (typeof permission === 'string') return permission
  return Object.entries(permission)
    .map(([name, objects]) => (objects === ONLY_SEEN ? `${name}, filtered` : name))
    .join(' and ')
}

function servedPaths(): Map<string, string> {
  return new Map([
    ...RPCS.flatMap((one) =>
      urlsOf(one).map((url) => [keyOf(one.method, url), shown(one.permission)] as const),
    ),
    ...ROUTES.map((one) => [keyOf(one.method, one.path), shown(one.permission)] as const),
    ...Object.entries(PAGES).map(([page, permission]) => [page, shown(permission)] as const),
  ])
}

function readContract(): Pick<Endpoint, 'method' | 'path' | 'group' | 'need'>[] {
  const [, ...lines] = readFileSync(join(import.meta.dirname, 'endpoints.tsv'), 'utf8')
    .trim()
    .split('\n')
  return lines.map((line) => {
    const [method = '', path = '', group = '', need = ''] = line.split('\t')
    return { method, path, group, need }
  })
}

function urlsIn(path: string): string[] {
  return path.startsWith('/[ajax-]api')
    ? ['/api', '/ajax-api'].map((prefix) => path.replace('/[ajax-]api', prefix))
    : [path]
}

/** Parameters are compared by their place, not by their name. */
function keyOf(method: string, url: string): string {
  return `${method} ${url.replace(/\{[^}]*\}|:\w+|\*$/g, '{}')}`
}
