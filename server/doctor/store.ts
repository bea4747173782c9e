import { randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { wholeOf } from '../artifacts/batches.ts'
import { type ArtifactStore, artifactStores } from '../artifacts/index.ts'
import { reasonOf } from '../db/faults.ts'
import { type Finding, failed, ok } from './finding.ts'
import type { Inside } from './inside.ts'

const PROBE_BYTES = 65_536

/** Writes a file as the server would, reads it back and deletes it. */
export async function checkArtifacts({ config }: Inside): Promise<Finding> {
  const { artifactsDestination: uri } = config
  const stores = artifactStores(config)
  try {
    const isSame = await roundTrip(await stores.at(uri))
    if (isSame) return ok(`${uri}: written, read, compared, deleted`)
    return failed(`${uri}: what was read is not what was written`, 'check the disk or the store for faults')
  } catch (error) {
    return failed(`${uri}: ${reasonOf(error)}`, adviceFor(error))
  } finally {
    await stores.close()
  }
}

async function roundTrip(store: ArtifactStore): Promise<boolean> {
  const folder = `trackyard-doctor-${randomUUID()}`
  const sent = randomBytes(PROBE_BYTES)
  try {
    await store.put(`${folder}/probe.bin`, Readable.from([sent]))
    return sent.equals(await wholeOf((await store.get(`${folder}/probe.bin`)).read()))
  } finally {
    await store.delete(folder)
  }
}

function adviceFor(error: unknown): string {
  const codes = [error, (error as Error).cause].map((one) => (one as NodeJS.ErrnoException | undefined)?.code)
  if (codes.includes('ENOSPC') || codes.includes('EDQUOT'))
    return 'the disk is full: make room (trackyard gc --delete), or give the volume a larger disk'
  if (codes.includes('EACCES') || codes.includes('EPERM') || codes.includes('EROFS'))
    return 'let this user write there; the containers of the servers run as 50000:50000'
  return 'check MLFLOW_ARTIFACTS_DESTINATION, and for S3 credentials, rights and MLFLOW_S3_ENDPOINT_URL'
}
