/** What owns the objects a request names, as the database has it. */
import QuickLRU from 'quick-lru'
import type { Owner, Part } from '../access/grants.ts'
import type { Context } from '../context.ts'
import type { Db } from '../db/index.ts'
import {
  type InExperiment,
  listExperimentsOfLoggedModels,
  listExperimentsOfRuns,
  listExperimentsOfTraces,
  listModelsOfActivities,
  listRegistered,
} from '../store/owners.ts'
import { ownersOfPath } from './artifact-owners.ts'
import type { Objects } from './permission.ts'

/** An owner, or a part of one. */
export interface Owned {
  readonly owner: Owner
  readonly id: string
  readonly part?: Part
}

export type Kind = keyof Objects

/** By the name that a request has for it; what has no owner is not there. */
export type Owners = ReadonlyMap<string, readonly Owned[]>

/** Reads the owners of all objects of a kind at once. */
export async function ownersOf(
  context: Context,
  kind: Kind,
  names: readonly string[],
  isDeletion: boolean,
): Promise<Owners> {
  const { db } = context
  switch (kind) {
    case 'user':
    case 'role':
      return new Map()
    case 'experiment':
      return new Map(names.map((id) => [id, [experimentNamed(id)]]))
    case 'run':
      return runs.read(db, names)
    case 'loggedModel':
      return loggedModels.read(db, names)
    case 'trace':
      return experimentsOf('trace', await listExperimentsOfTraces(db, names))
    case 'model':
      return models(db, names)
    case 'newModel':
      return new Map(names.map((id) => [id, [{ owner: 'registered_model', id }]]))
    case 'newPrompt':
      return new Map(names.map((id) => [id, [{ owner: 'prompt', id }]]))
    case 'version':
      return versions(db, names)
    case 'activity':
      return activities(db, names)
    case 'artifact':
      return new Map(
        await Promise.all(
          names.map(async (path) => [path, await ownersOfPath(context, path, isDeletion)] as const),
        ),
      )
  }
}

/** What the database need not be asked for; undefined where it has to be. */
export function findKnownOwners(db: Db, kind: Kind, name: string): readonly Owned[] | undefined {
  switch (kind) {
    case 'experiment':
      return [experimentNamed(name)]
    case 'run':
      return runs.find(db, name)
    case 'loggedModel':
      return loggedModels.find(db, name)
    default:
      return undefined
  }
}

/** The database knows `007` by 7, and grants do not. */
function experimentNamed(id: string): Owned {
  return { owner: 'experiment', id: id === '*' ? id : String(Number(id)) }
}

function experimentsOf(part: Part, found: readonly InExperiment[]): Map<string, readonly Owned[]> {
  return new Map(
    found.map(({ id, experiment_id }) => [id, [{ owner: 'experiment', id: String(experiment_id), part }]]),
  )
}

/**
 * The name of what is not there tells nothing about a caller's grants: whoever may do as much to models and to prompts
 * hears that it is not there, everybody else that it is denied. Some collations find a name by another one, `Model` by
 * `model`: then what is found must be allowed too.
 */
async function models(db: Db, names: readonly string[]): Promise<Owners> {
  const known = await registered(db, names)
  const foundByOthers = [...known.values()].filter(({ id }) => !names.includes(id))
  return new Map(
    names.map((id) => {
      const found = known.get(id)
      return [
        id,
        found ? [found] : [{ owner: 'registered_model', id }, { owner: 'prompt', id }, ...foundByOthers],
      ]
    }),
  )
}

async function versions(db: Db, names: readonly string[]): Promise<Owners> {
  const known = await registered(db, names)
  return new Map([...known].map(([name, { owner, id }]) => [name, [{ owner, id, part: versionsOf(owner) }]]))
}

async function activities(db: Db, ids: readonly string[]): Promise<Owners> {
  const found = await listModelsOfActivities(db, ids)
  const owners = await versions(
    db,
    found.map(({ name }) => name),
  )
  return new Map(found.map(({ id, name }) => [id, owners.get(name) ?? []]))
}

async function registered(db: Db, names: readonly string[]): Promise<Map<string, Owned>> {
  const found = await listRegistered(db, [...new Set(names)])
  return new Map(
    found.map(({ name, isPrompt }) => [name, { owner: isPrompt ? 'prompt' : 'registered_model', id: name }]),
  )
}

function versionsOf(owner: Owner): Part {
  return owner === 'prompt' ? 'prompt_version' : 'registered_model_version'
}

const MOST_REMEMBERED = 10_000

/** Runs and logged models get their ids here and stay in their experiment, so what was read of one is true for good. */
const runs = remembering('run', listExperimentsOfRuns)
const loggedModels = remembering('logged_model', listExperimentsOfLoggedModels)

function remembering(part: Part, read: (db: Db, ids: readonly string[]) => Promise<InExperiment[]>) {
  const memories = new WeakMap<Db, QuickLRU<string, readonly Owned[]>>()
  return {
    find: (db: Db, id: string) => memories.get(db)?.get(id),
    // All of them, known or not: who is denied must not hear sooner of what is there.
    async read(db: Db, ids: readonly string[]): Promise<Owners> {
      const memory = memories.getOrInsertComputed(db, () => new QuickLRU({ maxSize: MOST_REMEMBERED }))
      const found = experimentsOf(part, await read(db, ids))
      for (const [id, owned] of found) memory.set(id, owned)
      return found
    },
  }
}
