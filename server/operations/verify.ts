/** Whether a database and the store beside it belong together and are whole; nothing is written to either. */
import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { chunksOf } from '../artifacts/batches.ts'
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
import { type ArtifactOwner, type Counts, countRows, findNewestRunTime } from '../store/inventory.ts'

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

/** A file that was read, or its beginning. */
export interface ReadFile {
  readonly owner: ArtifactOwner
  /** Below its owner's folder. */
  readonly path: string
  readonly sizeBytes: number
  readonly readBytes: number
  /** Of what was read, in hexadecimal. */
  readonly sha256: string
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
export async function readArtifacts(
  pair: Pair,
  owners: readonly ArtifactOwner[],
): Promise<{ report: ArtifactReport; read: ReadFile[] }> {
  const read: ReadFile[] = []
  let elsewhere = 0
  const missing: { kind: string; id: string; reason: string }[] = []
  for (const owner of owners) {
    if (!isHere(owner.uri)) {
      elsewhere++
      continue
    }
    try {
      const file = await readOne(pair, owner)
      if (file) read.push(file)
    } catch (error) {
      missing.push({ kind: owner.kind, id: owner.id, reason: (error as Error).message })
    }
  }
  const bytes = read.reduce((sum, { readBytes }) => sum + readBytes, 0)
  return { report: { owners: owners.length, files: read.length, bytes, elsewhere, missing }, read }
}

function isHere(uri: string): boolean {
  const scheme = schemeOf(uri)
  return proxiedPath(uri) !== undefined || scheme === 's3' || (uri !== '' && isLocal(scheme))
}

/** @returns undefined where there is no file and need not be one */
async function readOne(pair: Pair, owner: ArtifactOwner): Promise<ReadFile | undefined> {
  const { uri, hasFiles } = owner
  const folder = await locateArtifacts(uri, pair)
  const path = await findFile(folder)
  if (path === undefined) {
    if (hasFiles) throw new Error(`there is no file in ${uri}`)
    return undefined
  }
  const file = await folder.store.get(below(folder, path).path)
  const { sizeBytes } = file
  const readBytes = Math.min(sizeBytes, MOST_BYTES)
  const { bytes, sha256 } = await digestOf(chunksOf(file.read({ start: 0, end: readBytes - 1 })))
  if (bytes !== readBytes) throw new Error(`${path}: ${bytes} bytes came of ${readBytes}`)
  return { owner, path, sizeBytes, readBytes, sha256 }
}

/** How much came, and what of it: its digest in hexadecimal. */
export async function digestOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of chunks) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** The first file in a folder or below it, breadth first: its path below the folder. */
async function findFile(folder: ArtifactPlace): Promise<string | undefined> {
  const folders = ['']
  for (let at = 0; at < Math.min(folders.length, MOST_LISTINGS); at++) {
    const here = folders[at] as string
    const entries = await folder.store.list(below(folder, here).path)
    const file = entries.find(({ isDirectory }) => !isDirectory)
    if (file) return posix.join(here, file.path)
    folders.push(...entries.map(({ path }) => posix.join(here, path)))
  }
  return undefined
}
