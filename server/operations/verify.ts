/** Whether a database and the store beside it belong together and are whole; nothing is written to either. */
import type { ArtifactStore, ArtifactStores } from '../artifacts/index.ts'
import {
  type ArtifactPlace,
  below,
  isLocal,
  locateArtifacts,
  proxiedPath,
  schemeOf,
} from '../artifacts/location.ts'
import type { Config } from '../config.ts'
import type { Db } from '../db/index.ts'
import {
  type ArtifactOwner,
  type Counts,
  countRows,
  findNewestRunTime,
  sampleOwners,
} from '../store/inventory.ts'

/** Of a large file its beginning: a model of 10 GB need not come twice over the network to be believed. */
const MOST_BYTES = 16 * 1024 ** 2
/** A run's folder may hold any number of folders. */
const MOST_LISTINGS = 50

export interface Pair {
  readonly db: Db
  readonly config: Config
  readonly artifacts: ArtifactStore
  readonly artifactStores: ArtifactStores
}

export interface Inventory {
  readonly counts: Counts
  /** When the newest run began: how old the data is. */
  readonly newestRunAt: string | undefined
}

export interface ArtifactReport {
  /** Runs, models and versions that were looked at. */
  readonly owners: number
  readonly files: number
  readonly bytes: number
  /** Those whose artifacts are in no store of this server. */
  readonly elsewhere: number
  readonly missing: readonly { readonly kind: string; readonly id: string; readonly reason: string }[]
}

export async function readInventory(db: Db): Promise<Inventory> {
  const newest = await findNewestRunTime(db)
  return {
    counts: await countRows(db),
    newestRunAt: newest === undefined ? undefined : new Date(newest).toISOString(),
  }
}

/** What has fewer rows than `percent` of those of another database, one line each. */
export function lessThan(percent: number, restored: Counts, live: Counts): string[] {
  return Object.entries(live).flatMap(([table, count]) => {
    const found = restored[table as keyof Counts]
    return found * 100 < count * percent ? [`${table}: ${found} of ${count}, less than ${percent} %`] : []
  })
}

/** Reads a file of each of a few runs, models and versions, through the rows that say where they are. */
export async function readArtifacts(pair: Pair, sampleSize: number): Promise<ArtifactReport> {
  const owners = await sampleOwners(pair.db, sampleSize)
  let [files, bytes, elsewhere] = [0, 0, 0]
  const missing: { kind: string; id: string; reason: string }[] = []
  for (const owner of owners) {
    if (!isHere(owner.uri)) {
      elsewhere++
      continue
    }
    try {
      const read = await readOne(pair, owner)
      if (read !== undefined) files++
      bytes += read ?? 0
    } catch (error) {
      missing.push({ kind: owner.kind, id: owner.id, reason: (error as Error).message })
    }
  }
  return { owners: owners.length, files, bytes, elsewhere, missing }
}

function isHere(uri: string): boolean {
  const scheme = schemeOf(uri)
  return proxiedPath(uri) !== undefined || scheme === 's3' || (uri !== '' && isLocal(scheme))
}

/** @returns how many bytes it has read; undefined where there is no file and need not be one */
async function readOne(pair: Pair, { uri, hasFiles }: ArtifactOwner): Promise<number | undefined> {
  const place = await findFile(await locateArtifacts(uri, pair))
  if (!place) {
    if (hasFiles) throw new Error(`there is no file in ${uri}`)
    return undefined
  }
  const file = await place.store.get(place.path)
  const wanted = Math.min(file.sizeBytes, MOST_BYTES)
  let read = 0
  for await (const chunk of file.read({ start: 0, end: wanted - 1 })) read += (chunk as Buffer).length
  if (read !== wanted) throw new Error(`${place.path}: ${read} bytes came of ${wanted}`)
  return read
}

/** The first file in a folder or below it, breadth first. */
async function findFile(folder: ArtifactPlace): Promise<ArtifactPlace | undefined> {
  const folders = [folder]
  for (let at = 0; at < Math.min(folders.length, MOST_LISTINGS); at++) {
    const here = folders[at] as ArtifactPlace
    const entries = await here.store.list(here.path)
    const file = entries.find(({ isDirectory }) => !isDirectory)
    if (file) return below(here, file.path)
    folders.push(...entries.map(({ path }) => below(here, path)))
  }
  return undefined
}
