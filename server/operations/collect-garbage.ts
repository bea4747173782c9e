/**
 * Removes for good what was deleted. Rows go first, in one transaction with a note of their artifacts; then the
 * artifacts, then the note. Whoever is interrupted between leaves notes, and the next collection begins with them.
 */
import type { ArtifactStore, ArtifactStores } from '../artifacts/index.ts'
import { type ArtifactPlace, locateArtifacts } from '../artifacts/location.ts'
import type { Config } from '../config.ts'
import type { Db } from '../db/index.ts'
import { invalidParameter } from '../errors.ts'
import {
  type Candidate,
  countDeleted,
  deleteGarbage,
  findVersionFrom,
  insertGarbage,
  listDeletedExperiments,
  listDeletedRuns,
  listGarbage,
  listLoggedModels,
  PER_PAGE,
  removeExperiment,
  removeLoggedModel,
  removeRun,
  type Selection,
} from '../store/garbage.ts'

export interface GarbageRequest {
  /** How long ago it must have been deleted, in milliseconds. @default 0 */
  readonly olderThanMs?: number
  /** With any of the lists of ids, nothing but what they name. */
  readonly runIds?: readonly string[] | undefined
  readonly experimentIds?: readonly string[] | undefined
  readonly loggedModelIds?: readonly string[] | undefined
  /** Whether to only tell what would be removed. */
  readonly dryRun: boolean
}

export interface Collected {
  readonly kind: 'run' | 'logged model' | 'experiment' | 'left-over artifacts'
  readonly id: string
  readonly artifactUri?: string
  /** What keeps it from being removed; absent when it is removed, or would be. */
  readonly keptBecause?: string
}

interface Server {
  readonly db: Db
  readonly config: Config
  readonly artifacts: ArtifactStore
  readonly artifactStores: ArtifactStores
  readonly clock: () => number
}

const OWNERS = {
  run: { list: listDeletedRuns, remove: removeRun },
  'logged model': { list: listLoggedModels, remove: removeLoggedModel },
} as const

/**
 * Removes what the request says, and tells of each thing when it is gone.
 * @throws ApiError when it names something that is not there, or not deleted for long enough
 */
export async function* collectGarbage(server: Server, request: GarbageRequest): AsyncGenerator<Collected> {
  const before = server.clock() - (request.olderThanMs ?? 0)
  const { runIds, loggedModelIds, experimentIds, dryRun } = request
  await checkNamed(server.db, before, request)
  const isForAll = !(runIds ?? loggedModelIds ?? experimentIds)
  yield* sweep(server, dryRun)
  if (isForAll || runIds) yield* collect(server, 'run', { before, ids: runIds }, dryRun)
  if (isForAll || loggedModelIds) {
    yield* collect(server, 'logged model', { before, ids: loggedModelIds }, dryRun)
  }
  if (isForAll || experimentIds) {
    for (const id of await listDeletedExperiments(server.db, { before, ids: experimentIds })) {
      yield* collectExperiment(server, id, dryRun)
    }
  }
}

/** About how many things a request is for. */
export async function countGarbage({ db, clock }: Server, request: GarbageRequest): Promise<number> {
  const before = clock() - (request.olderThanMs ?? 0)
  const { runIds, loggedModelIds, experimentIds } = request
  const named = [runIds, loggedModelIds, experimentIds].flatMap((ids) => ids ?? [])
  return named.length > 0 ? named.length : countDeleted(db, before)
}

async function checkNamed(
  db: Db,
  before: number,
  { runIds, loggedModelIds, experimentIds }: GarbageRequest,
): Promise<void> {
  const found = async (ids: readonly string[] | undefined, list: typeof listDeletedRuns) =>
    ids ? (await list(db, { before, ids })).map(({ id }) => id) : []
  refuseOthers('Run', runIds, await found(runIds, listDeletedRuns))
  refuseOthers('Logged model', loggedModelIds, await found(loggedModelIds, listLoggedModels))
  const experiments = experimentIds ? await listDeletedExperiments(db, { before, ids: experimentIds }) : []
  refuseOthers('Experiment', experimentIds, experiments.map(String))
}

function refuseOthers(kind: string, named: readonly string[] | undefined, found: readonly string[]): void {
  if ((named?.length ?? 0) > PER_PAGE) throw invalidParameter(`At most ${PER_PAGE} ids can be named at once`)
  const other = named?.find((id) => !found.includes(id))
  if (other !== undefined) {
    throw invalidParameter(
      `${kind} '${other}' is not there, not deleted, or not for as long as was asked for`,
    )
  }
}

/** What an interrupted collection has left. */
async function* sweep(server: Server, dryRun: boolean): AsyncGenerator<Collected> {
  for await (const left of pages((after) => listGarbage(server.db, after))) {
    yield told('left-over artifacts', left, dryRun ? undefined : await deleteArtifacts(server, left))
  }
}

async function* collect(
  server: Server,
  kind: keyof typeof OWNERS,
  selection: Selection,
  dryRun: boolean,
): AsyncGenerator<Collected> {
  for await (const one of pages((after) => OWNERS[kind].list(server.db, { ...selection, after }))) {
    const keptBecause =
      (await findObstacle(server, one)) ?? (dryRun ? undefined : await remove(server, kind, one))
    yield told(kind, one, keptBecause)
  }
}

/** Its runs and logged models first: what keeps one of them keeps the experiment. */
async function* collectExperiment(server: Server, id: number, dryRun: boolean): AsyncGenerator<Collected> {
  let kept = 0
  for (const kind of ['run', 'logged model'] as const) {
    for await (const one of collect(server, kind, { experimentId: id }, dryRun)) {
      if (one.keptBecause) kept++
      yield one
    }
  }
  const experiment = { kind: 'experiment', id: String(id) } as const
  if (dryRun && kept === 0) return yield experiment
  const isGone = kept === 0 && (await server.db.transaction().execute((tx) => removeExperiment(tx, id)))
  yield isGone ? experiment : { ...experiment, keptBecause: 'something in it is kept' }
  if (isGone) yield* sweep(server, false)
}

/** Takes the rows away, then the artifacts. @returns what is in the way */
async function remove(
  server: Server,
  kind: keyof typeof OWNERS,
  one: Candidate,
): Promise<string | undefined> {
  const isGone = await server.db.transaction().execute(async (tx) => {
    const removed = await OWNERS[kind].remove(tx, one.id)
    if (removed && one.artifactUri) await insertGarbage(tx, one)
    return removed
  })
  if (!isGone) return 'it was restored meanwhile'
  return one.artifactUri ? deleteArtifacts(server, one) : undefined
}

async function findObstacle(server: Server, one: Candidate): Promise<string | undefined> {
  const version = await findVersionFrom(server.db, one)
  if (version !== undefined) return `registered model version ${version} was made from it`
  try {
    if (one.artifactUri) await folderOf(server, one)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** @returns what is in the way: the note stays then, and the next collection tries again */
async function deleteArtifacts(server: Server, one: Candidate): Promise<string | undefined> {
  try {
    const { store, path } = await folderOf(server, one)
    await store.delete(path)
  } catch (error) {
    return `its artifacts could not be deleted: ${(error as Error).message}`
  }
  await deleteGarbage(server.db, one.id)
  return undefined
}

/** The folder that bears the owner's id, and has nothing but its artifacts; else that of the artifacts. */
async function folderOf(server: Server, { id, artifactUri }: Candidate): Promise<ArtifactPlace> {
  const own = artifactUri.replace(/\/artifacts\/?$/, '')
  const place = await locateArtifacts(own.endsWith(`/${id}`) ? own : artifactUri, server)
  if (place.path === '') throw invalidParameter(`${artifactUri} is the root of all artifacts`)
  return place
}

function told(kind: Collected['kind'], { id, artifactUri }: Candidate, keptBecause?: string): Collected {
  return { kind, id, ...(artifactUri && { artifactUri }), ...(keptBecause && { keptBecause }) }
}

/** Everything of a list that is read page by page, each after the last id of the one before. */
async function* pages(list: (after: string) => Promise<readonly Candidate[]>): AsyncGenerator<Candidate> {
  for (let page = await list(''); page.length > 0; page = await list(page.at(-1)?.id ?? '')) yield* page
}
