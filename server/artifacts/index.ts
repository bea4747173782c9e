import type { Readable } from 'node:stream'
import type { Batch } from './batches.ts'
import { localArtifactStore, openLocalArtifactStore } from './local.ts'
import { isLocal, schemeOf } from './location.ts'
import type { S3Settings } from './s3-client.ts'

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
  read(range?: { start: number; end: number }): AsyncIterable<Batch>
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
  /** @throws when artifacts cannot be read, and written where that is not all, now */
  check(): Promise<void>
  /** Absent where clients cannot reach the store themselves. */
  readonly direct?: DirectTransfers
}

/** Transfers between clients and the store past this server, by URLs that it signs. */
export interface DirectTransfers {
  /** Begins an upload in parts, which is invisible until it is completed; `urls` has one a part. */
  createUpload(path: string, parts: number): Promise<{ uploadId: string; urls: string[] }>
  /** @throws ApiError for parts that did not come as said, and for an upload that is not under way */
  completeUpload(path: string, uploadId: string, parts: readonly UploadedPart[]): Promise<void>
  abortUpload(path: string, uploadId: string): Promise<void>
  /** The uploads in parts below the root that were begun and not ended, by a client or through this server. */
  incompleteUploads(): Promise<IncompleteUpload[]>
  /** A URL to `PUT` the whole file to, with headers that must be sent. */
  uploadUrl(path: string, seconds: number): Promise<{ url: string; headers: Record<string, string> }>
  /** @throws ApiError RESOURCE_DOES_NOT_EXIST when there is no such file */
  downloadUrl(path: string, seconds: number): Promise<{ url: string; sizeBytes: number }>
}

export interface IncompleteUpload {
  readonly path: string
  readonly begunAt: Date
  /** Nothing happens where it has ended meanwhile. */
  abort(): Promise<void>
}

export interface UploadedPart {
  /** From 1 on. */
  readonly number: number
  /** What the store answered to the part. */
  readonly etag: string
}

/** The stores of a server: one connection to each service, made when it is first needed. */
export interface ArtifactStores {
  /** The store on a local root or one in S3, whether or not it can be reached. */
  at(root: string): Promise<ArtifactStore>
  close(): Promise<void>
}

export function artifactStores(settings: S3Settings): ArtifactStores {
  let s3: ReturnType<typeof connectS3> | undefined
  return {
    async at(root) {
      if (isLocal(schemeOf(root))) return localArtifactStore(root)
      s3 ??= connectS3(settings)
      return (await s3).storeAt(root)
    },
    async close() {
      ;(await s3)?.client.destroy()
    },
  }
}

/** The AWS SDK takes time and memory that a server on a local disk has better use for. */
async function connectS3(settings: S3Settings) {
  const [{ openS3Client }, { s3ArtifactStore }] = await Promise.all([
    import('./s3-client.ts'),
    import('./s3.ts'),
  ])
  const client = await openS3Client(settings)
  return { client, storeAt: (uri: string) => s3ArtifactStore(uri, client, settings) }
}

/**
 * Opens the store of MLFLOW_ARTIFACTS_DESTINATION.
 * @throws when it cannot be used
 */
export async function openArtifactStore(
  uri: string,
  stores: ArtifactStores,
  readOnly = false,
): Promise<ArtifactStore> {
  if (isLocal(schemeOf(uri))) return openLocalArtifactStore(uri, readOnly)
  const store = await stores.at(uri)
  try {
    await store.check()
  } catch (cause) {
    throw new Error(`MLFLOW_ARTIFACTS_DESTINATION=${JSON.stringify(uri)}: ${(cause as Error).message}`, {
      cause,
    })
  }
  return store
}
