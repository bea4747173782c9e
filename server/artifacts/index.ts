import type { Readable } from 'node:stream'
import { openLocalArtifactStore } from './local.ts'
import { isLocal, schemeOf } from './location.ts'

export interface ArtifactEntry {
  /** Relative to the listed directory. */
  readonly path: string
  readonly isDirectory: boolean
  /** Absent for a directory. */
  readonly sizeBytes?: number
}

export interface ArtifactFile {
  readonly sizeBytes: number
  readonly modifiedAt: Date
  /** In double quotes, as HTTP has it; another one for other bytes. */
  readonly etag: string
  /**
   * The bytes from `start` to `end`, both inclusive; the whole file without them. Fails rather than give bytes of
   * a file that has taken this one's place.
   */
  read(range?: { start: number; end: number }): Readable
}

/** Where artifacts are: paths are relative to the store's root, with `/` between names, and from `safePath`. */
export interface ArtifactStore {
  /** The URI it was opened with. */
  readonly uri: string
  /** The entries of a directory by name; none for one that does not exist. */
  list(path: string): Promise<ArtifactEntry[]>
  /** @throws ApiError RESOURCE_DOES_NOT_EXIST when there is no such file */
  get(path: string): Promise<ArtifactFile>
  /** Writes a file that becomes visible only when all of `body` is on disk. */
  put(path: string, body: Readable): Promise<void>
  /** Deletes a file or a directory with all in it; nothing happens where there is none. */
  delete(path: string): Promise<void>
  /** @throws when artifacts cannot be read and written now */
  check(): Promise<void>
}

/**
 * Opens the store that `uri` names by its scheme.
 * @throws when there is no such store, or it cannot be written
 */
export async function openArtifactStore(uri: string): Promise<ArtifactStore> {
  const scheme = schemeOf(uri)
  if (!isLocal(scheme)) {
    throw new Error(
      `MLFLOW_ARTIFACTS_DESTINATION=${JSON.stringify(uri)}: this server has no store for ${scheme}:`,
    )
  }
  return openLocalArtifactStore(uri)
}
