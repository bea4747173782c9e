/** Whose a path in the proxied store is, by where MLflow puts things there. */
import type { Part } from '../access/grants.ts'
import { proxiedPath } from '../artifacts/location.ts'
import { safePath } from '../artifacts/safe-path.ts'
import type { Context } from '../context.ts'
import { listExperimentsAt } from '../store/owners.ts'
import type { Owned } from './owners.ts'

const FOLDERS: Readonly<Record<string, Part>> = { models: 'logged_model', traces: 'trace' }
const RUN_ID = /^[0-9a-f]{32}$/

/** @returns none for a path in no experiment */
export async function ownersOfPath(
  { db, config }: Context,
  asked: string,
  isDeletion: boolean,
): Promise<Owned[]> {
  const path = safePath(asked)
  const root = safePath(proxiedPath(config.defaultArtifactRoot) ?? '')
  const named = experimentIn(path) ?? experimentIn(below(root, path))
  const places = named ? [named] : await locatedAround(db, path)
  return places.flatMap(({ id, rest }) => {
    const parts = partsAt(rest, isDeletion)
    const owned: Owned = { owner: 'experiment', id }
    return parts.length === 0 ? [owned] : parts.map((part) => ({ ...owned, part }))
  })
}

interface Place {
  /** The experiment's. */
  readonly id: string
  /** The names below its root. */
  readonly rest: readonly string[]
}

function experimentIn(path: string | undefined): Place | undefined {
  const [, id, rest = ''] = /^(?:workspaces\/[^/]+\/)?(\d+)(?:\/(.*))?$/.exec(path ?? '') ?? []
  return id === undefined ? undefined : { id: String(Number(id)), rest: namesIn(rest) }
}

/** Every experiment whose own location the path is in: who makes one inside another's must not get at the other's. */
async function locatedAround(db: Context['db'], path: string): Promise<Place[]> {
  const names = namesIn(path)
  const restOf = new Map(
    names.flatMap((_, index) => {
      const folder = names.slice(0, index + 1).join('/')
      const rest = names.slice(index + 1)
      return ['mlflow-artifacts:/', 'mlflow-artifacts:///'].flatMap((start) =>
        ['', '/'].map((end) => [`${start}${folder}${end}`, rest] as const),
      )
    }),
  )
  const found = await listExperimentsAt(db, [...restOf.keys()])
  return found.map(({ experiment_id, artifact_location }) => ({
    id: String(experiment_id),
    rest: restOf.get(artifact_location ?? '') ?? [],
  }))
}

/** What of the experiment a path is about; none for a file of the experiment itself. */
function partsAt([first, second]: readonly string[], isDeletion: boolean): readonly Part[] {
  if (first === undefined) return ['run', 'trace', 'logged_model']
  const part = FOLDERS[first]
  if (part) return [part]
  return second === 'artifacts' || RUN_ID.test(first) || isDeletion ? ['run'] : []
}

function below(root: string, path: string): string | undefined {
  return root !== '' && path.startsWith(`${root}/`) ? path.slice(root.length + 1) : undefined
}

function namesIn(path: string): string[] {
  return path === '' ? [] : path.split('/')
}
