/** Whether a caller may do what a request asks, before anything is done. */
import { type Access, isUnlimited, mayAdminister } from '../access/access.ts'
import type { RequestContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { findKnownOwners, type Kind, type Owners, ownersOf } from './owners.ts'
import { isOfPeople, mayOnPeople } from './people.ts'
import type { Demands, Objects, Permission, PermissionName } from './permission.ts'
import { ONLY_SEEN } from './permission.ts'
import { isAllowed } from './rules.ts'

/**
 * Returns at once for a caller who may do everything, so that a server without a login looks nothing up.
 * @throws ApiError PERMISSION_DENIED, for what is not there as for what is denied: the answer tells neither
 */
export function authorize<R>(
  context: RequestContext,
  permission: Permission<R>,
  request: R,
): Promise<void> | undefined {
  const { access } = context.caller
  if (permission === 'open' || permission === 'signed-in' || isUnlimited(access)) return undefined
  if (permission !== 'admin') return authorizeDemands(context, permission, request)
  if (!mayAdminister(access)) throw denied()
  return undefined
}

export function denied(): ApiError {
  return new ApiError('PERMISSION_DENIED', 'Permission denied')
}

/** One object that a request names. */
interface Asked {
  readonly name: PermissionName
  readonly kind: Kind
  readonly object: string
}

/** At once where the owners of all objects are known: logging comes by the thousand, to a few runs. */
function authorizeDemands<R>(
  context: RequestContext,
  demands: Demands<R>,
  request: R,
): Promise<void> | undefined {
  const asked: Asked[] = []
  let isNarrowed = false
  for (const name of Object.keys(demands) as PermissionName[]) {
    const objectsOf = demands[name]
    if (objectsOf === ONLY_SEEN) isNarrowed = true
    else if (objectsOf) addNamed(asked, name, objectsOf(request))
  }
  // Nothing that could be allowed is nothing that is allowed.
  if (asked.length === 0 && !isNarrowed) throw denied()
  for (const { name, kind, object } of asked) {
    const owned = findKnownOwners(context.db, kind, object)
    // What is denied is looked up all the same, and takes as long as what is not there.
    const isKnownToBe = owned?.every((one) => isAllowed(context.caller.access, name, one))
    if (!isKnownToBe) return authorizeAll(context, asked)
  }
  return undefined
}

async function authorizeAll(context: RequestContext, asked: readonly Asked[]): Promise<void> {
  const owners = await ownersOfAll(context, asked)
  for (const one of asked) {
    const { name, kind, object } = one
    const isGiven = isOfPeople(kind)
      ? await mayOnPeople(context, name, kind, object)
      : isMet(context.caller.access, one, owners)
    if (!isGiven) throw denied()
  }
}

function addNamed(asked: Asked[], name: PermissionName, objects: Objects): void {
  for (const kind of Object.keys(objects) as Kind[]) {
    const given = objects[kind] ?? []
    for (const object of typeof given === 'string' ? [given] : new Set(given)) {
      if (object) asked.push({ name, kind, object })
    }
  }
}

async function ownersOfAll(context: RequestContext, asked: readonly Asked[]): Promise<Map<Kind, Owners>> {
  const owners = new Map<Kind, Owners>()
  for (const [kind, some] of Map.groupBy(asked, (one) => one.kind)) {
    const objects = [...new Set(some.map(({ object }) => object))]
    const isDeletion = some.some(({ name }) => name.endsWith('.delete'))
    owners.set(kind, await ownersOf(context, kind, objects, isDeletion))
  }
  return owners
}

function isMet(access: Access, { name, kind, object }: Asked, owners: ReadonlyMap<Kind, Owners>): boolean {
  const owned = owners.get(kind)?.get(object) ?? []
  // What the operator keeps in the store beside the experiments is the operator's.
  if (owned.length === 0) return kind === 'artifact' && mayAdminister(access)
  return owned.every((one) => isAllowed(access, name, one))
}
