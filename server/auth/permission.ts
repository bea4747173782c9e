/**
 * What a caller must be allowed to do before a request is handled, as values in the tables of RPCs and routes. There is
 * no request without one: it does not compile, and a route that is mounted without one stops the start.
 */

/**
 * `open` to everybody, `signed-in` to whoever has shown who they are, `admin` to those who administer the server; all
 * others say what is done, and to which objects of the request.
 */
export type Permission<Request = never> = 'open' | 'signed-in' | 'admin' | Demands<Request>

/**
 * What is done, each with the objects it is done to: every one of them must be allowed. The first names the operation.
 */
export type Demands<Request = never> = {
  readonly [Name in PermissionName]?: ((request: Request) => Objects) | typeof ONLY_SEEN
}

/** In place of objects, where the handler leaves out of its answer what the caller may not see. */
export const ONLY_SEEN = 'only what the caller may see'

export type PermissionName =
  | `experiment.${'read' | 'create' | 'update' | 'delete' | 'manage'}`
  | `${'run' | 'logged-model' | 'assessment'}.${'read' | 'create' | 'update' | 'delete'}`
  | `trace.${'read' | 'create' | 'update' | 'delete'}`
  /** Registered models and prompts. */
  | `model.${'read' | 'create' | 'update' | 'delete' | 'approve' | 'manage'}`
  | `version.${'read' | 'create' | 'update' | 'delete' | 'comment'}`
  | `artifact.${'read' | 'update' | 'delete'}`
  | `user.${'read' | 'update'}`
  | 'role.read'

/** What a request names, by kind. Undefined and empty values name nothing. */
export interface Objects {
  /** An id; `*` for one that is yet to be made. */
  readonly experiment?: Named
  readonly run?: Named
  readonly loggedModel?: Named
  /** The id of a trace, of the trace of assessments too. */
  readonly trace?: Named
  /** The name of a registered model or a prompt. */
  readonly model?: Named
  /** The name of a registered model that is yet to be made. */
  readonly newModel?: Named
  /** The name of a prompt that is yet to be made. */
  readonly newPrompt?: Named
  /** The name of the registered model or the prompt whose versions are meant. */
  readonly version?: Named
  /** The id of something said about a version of a model. */
  readonly activity?: Named
  /** A user's name. */
  readonly user?: Named
  /** The workspace of roles. */
  readonly role?: Named
  /** A path in the proxied store, as the request has it. */
  readonly artifact?: Named
}

export type Named = string | readonly (string | undefined)[] | undefined

/** The permission by name, as records of who did what have it; undefined where it demands nothing. */
export function nameOf(permission: Permission): PermissionName | 'open' | 'signed-in' | 'admin' | undefined {
  if (typeof permission === 'string') return permission
  const [name] = Object.keys(permission) as PermissionName[]
  return name
}

export function isRead(permission: Permission): boolean {
  return Object.keys(permission).every((name) => name.endsWith('.read'))
}
