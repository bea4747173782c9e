/** A request to any route that names the objects of a world, made of nothing but the route itself. */
import type { InjectOptions, RouteOptions } from 'fastify'
import { fieldsOf, type World } from './world.ts'

/** What some routes have under a name that others have for something else, by the end of their path. */
const ELSE: readonly [RegExp, (world: World) => object][] = [
  [/\/mlflow\/(experiments|registered-models)\/create$/, () => ({ name: `new-${made++}` })],
  [/\/mlflow\/webhooks/, () => ({ name: 'hook' })],
  [/\/mlflow\/traces\/metrics$/, () => ({ view_type: 'TRACES' })],
  // Tokens of one's own.
  [/\/trackyard\/tokens$/, () => ({ username: undefined, token_id: 'none' })],
  [/\/mlflow-artifacts\/artifacts$/, (world) => ({ path: folderOf(world) })],
  [/\/registered-models\/(set|delete)-tag$/, () => ({ key: 'mlflow.prompt.is_prompt' })],
]

let made = 0

/** @param name of a registered model or a prompt */
export function requestTo(route: RouteOptions, method: 'GET', world: World, name: string): InjectOptions {
  const special = ELSE.filter(([end]) => end.test(route.url)).map(([, fields]) => fields(world))
  const fields: Record<string, unknown> = Object.assign({}, fieldsOf(world, name), ...special)
  const url = route.url.replace(/:(\w+)|\*/g, (part, parameter: string | undefined) =>
    part === '*' ? pathIn(route.url, world) : String(fields[parameter ?? ''] ?? 'x'),
  )
  const headers = { 'x-mlflow-experiment-id': world.experiment, 'x-mlflow-run-id': world.run }
  const query = Object.fromEntries(
    Object.entries(fields).filter(([, value]) => isPlain(value)),
  ) as InjectOptions['query']
  if (route.url.endsWith('/v1/traces')) {
    return { method, url, headers: { ...headers, 'content-type': 'application/x-protobuf' }, payload: '' }
  }
  if (['GET', 'HEAD'].includes(method)) return { method, url, query, headers }
  return {
    method,
    url,
    query,
    headers: { ...headers, 'content-type': 'application/json' },
    payload: JSON.stringify(fields),
  }
}

function pathIn(url: string, world: World): string {
  return url.includes('/mlflow-artifacts/') ? `${folderOf(world)}/x.txt` : 'x.txt'
}

function folderOf({ experiment, run }: World): string {
  return `${experiment}/${run}/artifacts`
}

function isPlain(value: unknown): boolean {
  return ['string', 'number'].includes(typeof value) || (Array.isArray(value) && typeof value[0] === 'string')
}
