/** Artifacts that nothing in the database refers to: what a crash or another program has left in the store. */
import type { ArtifactStore } from '../artifacts/index.ts'
import type { Db } from '../db/index.ts'
import { listKnownOwners, type OwnerTable } from '../store/garbage.ts'

/** The folders of an experiment that hold one folder for each of these; runs have theirs beside them. */
const FOLDERS: Record<string, OwnerTable> = { models: 'logged_models', traces: 'trace_info' }

/**
 * Folders in the server's own store, laid out as MLflow lays them out by default, whose experiment, run, logged model
 * or trace there is none of. An upload in the first seconds of its run is none: the run comes first.
 */
export async function* findOrphans({
  db,
  artifacts,
}: {
  readonly db: Db
  readonly artifacts: ArtifactStore
}): AsyncGenerator<string> {
  const experiments = (await foldersIn(artifacts, '')).filter((name) => /^\d{1,9}$/.test(name))
  const known = await listKnownOwners(db, 'experiments', experiments)
  for (const experiment of experiments) {
    if (known.has(experiment)) yield* orphansIn(db, artifacts, experiment)
    else yield experiment
  }
}

async function* orphansIn(db: Db, artifacts: ArtifactStore, experiment: string): AsyncGenerator<string> {
  const folders = await foldersIn(artifacts, experiment)
  const groups: { table: OwnerTable; below: string; ids: string[] }[] = [
    { table: 'runs', below: experiment, ids: folders.filter((name) => !(name in FOLDERS)) },
  ]
  for (const [name, table] of Object.entries(FOLDERS)) {
    if (!folders.includes(name)) continue
    const below = `${experiment}/${name}`
    groups.push({ table, below, ids: await foldersIn(artifacts, below) })
  }
  for (const { table, below, ids } of groups) {
    const known = await listKnownOwners(db, table, ids)
    for (const id of ids) if (!known.has(id)) yield `${below}/${id}`
  }
}

async function foldersIn(artifacts: ArtifactStore, path: string): Promise<string[]> {
  const entries = await artifacts.list(path)
  return entries.filter(({ isDirectory }) => isDirectory).map((entry) => entry.path)
}
