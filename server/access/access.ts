/** What one caller may do: pure, so that the rules can be read and tested without a server. */
import {
  type Action,
  allows,
  type Grant,
  higher,
  type Level,
  type Owner,
  PARTS_OF,
  type Part,
} from './grants.ts'

/** What a credential leaves of what its owner may do; without one, all of it. */
export interface Scope {
  readonly most: 'read' | 'write' | 'admin'
  /** Ids; without them, all. */
  readonly experiments?: ReadonlySet<string> | undefined
  /** Names of registered models and prompts; without them, all. */
  readonly models?: ReadonlySet<string> | undefined
}

export interface Access {
  readonly isAdmin: boolean
  /** What there is without a grant, and the least that any grant but DENY gives. */
  readonly defaultLevel: Level
  /** The level by `type` and pattern. */
  readonly levels: ReadonlyMap<string, Level>
  readonly scope?: Scope | undefined
}

/** Of everybody while no login is on. */
export const UNLIMITED: Access = { isAdmin: true, defaultLevel: 'MANAGE', levels: new Map() }

export function accessOf(
  { isAdmin, grants }: { readonly isAdmin: boolean; readonly grants: readonly Grant[] },
  defaultLevel: Level,
  scope?: Scope,
): Access {
  const levels = new Map<string, Level>()
  for (const { resourceType, pattern, level } of grants) {
    const key = keyOf(resourceType, pattern)
    levels.set(key, stronger(levels.get(key), level))
  }
  // Who manages the workspace is no subject of any other grant.
  const managesAll = levels.get(keyOf('workspace', '*')) === 'MANAGE'
  return { isAdmin: isAdmin || managesAll, defaultLevel, levels, scope }
}

/** Whether nothing has to be looked up: every check passes and every search shows all. */
export function isUnlimited({ isAdmin, scope }: Access): boolean {
  return isAdmin && scope === undefined
}

/** Whether the caller administers the server: webhooks, garbage, users, the audit log. */
export function mayAdminister(access: Access): boolean {
  return access.isAdmin && mayMakeTokens(access)
}

/** Whether a credential may make others: one that is limited may not make what is not. */
export function mayMakeTokens({ scope }: Access): boolean {
  return scope === undefined || (scope.most === 'admin' && !isNarrowed(scope))
}

/**
 * Whether the caller may make an owner of its own: everybody may whose credential writes, and to whom it is not denied.
 * @param id `*` where it has none before it is made
 */
export function mayCreate(access: Access, owner: Owner, id: string): boolean {
  const { scope, isAdmin } = access
  if (scope !== undefined && (scope.most === 'read' || isNarrowed(scope))) return false
  return isAdmin || ownLevel(access, owner, id) !== 'DENY'
}

export function mayOn(access: Access, action: Action, owner: Owner, id: string): boolean {
  return (
    withinScope(access, action, owner, id) && (access.isAdmin || allows(ownLevel(access, owner, id), action))
  )
}

/**
 * As `mayOn` for what an owner holds, which nobody sees who does not see its owner.
 * @param ofOwner what must be allowed on the owner where no grant names the part
 */
export function mayOnPart(
  access: Access,
  action: Action,
  part: Part,
  owner: Owner,
  id: string,
  ofOwner: Action = action,
): boolean {
  if (!withinScope(access, action, owner, id)) return false
  if (access.isAdmin) return true
  const own = ownLevel(access, owner, id)
  const level = partLevel(access, part)
  return allows(own, 'read') && (level === undefined ? allows(own, ofOwner) : allows(level, action))
}

/** Whether the caller may put a new `part` in an owner. */
export function mayAdd(access: Access, part: Part, owner: Owner, id: string): boolean {
  return mayOn(access, 'update', owner, id) && (access.isAdmin || partLevel(access, part) !== 'DENY')
}

/** Whether the caller may assess a trace: a grant on traces confers it too, and does not take it from who has it. */
export function mayAssess(access: Access, id: string): boolean {
  if (mayAdd(access, 'assessment', 'experiment', id))
    return mayOnPart(access, 'read', 'trace', 'experiment', id)
  return partLevel(access, 'assessment') !== 'DENY' && mayOnPart(access, 'update', 'trace', 'experiment', id)
}

/** Whether the caller may delete an owner with all that it holds. */
export function mayDeleteWhole(access: Access, owner: Owner, id: string): boolean {
  return (
    mayOn(access, 'delete', owner, id) &&
    PARTS_OF[owner].every((part) => mayOnPart(access, 'delete', part, owner, id))
  )
}

/** The owners whose parts a caller may read, for the `where` of a search. */
export type Visible =
  | 'all'
  | { readonly only: ReadonlySet<string> }
  | { readonly except: ReadonlySet<string> }

/** @param part what is searched for, where that is not the owner itself */
export function visible(access: Access, owner: Owner, part?: Part): Visible {
  if (isUnlimited(access)) return 'all'
  const named = namesIn(access, owner)
  const may = (id: string) =>
    part === undefined ? mayOn(access, 'read', owner, id) : mayOnPart(access, 'read', part, owner, id)
  const scoped = scopeOf(access, owner)
  if (scoped) return { only: new Set([...scoped].filter(may)) }
  // No owner has this name, so it stands for all that no grant names.
  if (!may('\0')) return { only: new Set(named.filter(may)) }
  const hidden = named.filter((id) => !may(id))
  return hidden.length === 0 ? 'all' : { except: new Set(hidden) }
}

/** Whether a part is denied wherever it is, so that no owner has to be looked at. */
export function deniesPart(access: Access, part: Part): boolean {
  const level = partLevel(access, part)
  return !access.isAdmin && level !== undefined && !allows(level, 'read')
}

/** Of some experiments, those whose parts the caller may read. */
export function readableExperiments(access: Access, part: Part, ids: readonly number[]): readonly number[] {
  const seen = visible(access, 'experiment', part)
  return seen === 'all' ? ids : ids.filter((id) => sees(seen, String(id)))
}

export function sees(seen: Visible, id: string): boolean {
  if (seen === 'all') return true
  return 'only' in seen ? seen.only.has(id) : !seen.except.has(id)
}

function namesIn({ levels }: Access, owner: Owner): string[] {
  const start = keyOf(owner, '')
  return [...levels.keys()]
    .filter((key) => key.startsWith(start) && key !== keyOf(owner, '*'))
    .map((key) => key.slice(start.length))
}

function ownLevel(access: Access, owner: Owner, id: string): Level {
  const { levels, defaultLevel } = access
  const all = levels.get(keyOf(owner, '*'))
  const one = levels.get(keyOf(owner, id))
  const granted = one === undefined ? all : stronger(all, one)
  return granted === undefined ? defaultLevel : floored(granted, defaultLevel)
}

function partLevel({ levels, defaultLevel }: Access, part: Part): Level | undefined {
  const level = levels.get(keyOf(part, '*'))
  return level && floored(level, defaultLevel)
}

/** A grant never gives less than its absence, unless it denies. */
function floored(level: Level, least: Level): Level {
  return level === 'DENY' || level === 'NO_PERMISSIONS' ? level : higher(level, least)
}

function stronger(a: Level | undefined, b: Level): Level {
  if (a === undefined || a === b) return b
  return a === 'DENY' || b === 'DENY' ? 'DENY' : higher(a, b)
}

function withinScope({ scope }: Access, action: Action, owner: Owner, id: string): boolean {
  if (!scope) return true
  if (action !== 'read' && scope.most === 'read') return false
  if (!isNarrowed(scope)) return true
  return (owner === 'experiment' ? scope.experiments : scope.models)?.has(id) ?? false
}

/** A scope that names experiments or models hides whatever it does not name. */
function isNarrowed({ experiments, models }: Scope): boolean {
  return experiments !== undefined || models !== undefined
}

function scopeOf({ scope }: Access, owner: Owner): ReadonlySet<string> | undefined {
  if (!scope || !isNarrowed(scope)) return undefined
  return (owner === 'experiment' ? scope.experiments : scope.models) ?? new Set()
}

function keyOf(type: string, pattern: string): string {
  return `${type}\0${pattern}`
}
