/** One request of a scenario, as data. `{{name}}` stands for what an earlier step saved under that name. */
export interface Step {
  /** Unique in its scenario; `differences.ts` refers to it. */
  readonly name: string
  readonly method: string
  readonly path: string
  readonly query?: Query
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent byte for byte instead. */
  readonly raw?: string
  readonly headers?: Record<string, string>
  /** Placeholders to fill from the answer: name to dotted path. */
  readonly save?: Record<string, string>
  /** A dotted path to a list whose order has no meaning, such as one by random ids. */
  readonly anyOrder?: string
  /** Answer headers to compare too. */
  readonly compareHeaders?: readonly string[]
}

export interface Scenario {
  readonly name: string
  readonly steps: readonly Step[]
}

type Query = Record<string, string | readonly string[]>
type More = Partial<Omit<Step, 'name' | 'method' | 'path'>>

/** A path without a leading slash is one below `/api/2.0/mlflow/`. */
export function get(name: string, path: string, query?: Query, more: More = {}): Step {
  return { name, method: 'GET', path: fullPath(path), ...(query && { query }), ...more }
}

export function post(name: string, path: string, json: unknown = {}, more: More = {}): Step {
  return { name, method: 'POST', path: fullPath(path), json, ...more }
}

export function patch(name: string, path: string, json: unknown = {}, more: More = {}): Step {
  return { name, method: 'PATCH', path: fullPath(path), json, ...more }
}

export function remove(name: string, path: string, json: unknown = {}, more: More = {}): Step {
  return { name, method: 'DELETE', path: fullPath(path), json, ...more }
}

/** A body that is sent as it is. */
export function sendRaw(method: string, name: string, path: string, raw: string, more: More = {}): Step {
  return { name, method, path: fullPath(path), raw, ...more }
}

function fullPath(path: string): string {
  return path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`
}
