/** Uploads whose client or server was killed: nothing of them is seen, and their parts cost money until they are aborted. */
import type { ArtifactStore, IncompleteUpload } from '../artifacts/index.ts'

const DAY_MS = 86_400_000

/** Those in the server's own store that were begun more than a day ago, which no upload takes. */
export async function findAbandonedUploads({
  artifacts,
  clock,
}: {
  readonly artifacts: ArtifactStore
  readonly clock: () => number
}): Promise<IncompleteUpload[]> {
  const uploads = (await artifacts.direct?.incompleteUploads()) ?? []
  return uploads.filter(({ begunAt }) => begunAt.getTime() < clock() - DAY_MS)
}
