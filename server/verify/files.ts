/** Whether a server gives the bytes of artifacts that are in the store. */
import { digestOf, type ReadFile } from '../operations/verify.ts'
import type { Served } from './served.ts'

export interface ServedFiles {
  readonly files: number
  readonly bytes: number
  readonly problems: readonly string[]
}

/** @param read of the store itself, with the digests of what came */
export async function compareFiles(served: Served, read: readonly ReadFile[]): Promise<ServedFiles> {
  let [files, bytes] = [0, 0]
  const problems: string[] = []
  for (const file of read) {
    try {
      bytes += await compare(served, file)
      files++
    } catch (error) {
      problems.push(`${file.owner.kind} ${file.owner.id}: ${(error as Error).message}`)
    }
  }
  return { files, bytes, problems }
}

async function compare(served: Served, file: ReadFile): Promise<number> {
  const { path, sizeBytes, readBytes, sha256 } = file
  const isWhole = readBytes === sizeBytes
  const answer = await served.ask(addressOf(file), isWhole ? {} : { range: `bytes=0-${readBytes - 1}` })
  if (answer.status !== (isWhole ? 200 : 206)) {
    throw new Error(`${path}: the server answers ${answer.status} ${(await answer.text()).slice(0, 300)}`)
  }
  const came = await digestOf(answer.body ?? [])
  const size = isWhole ? came.bytes : Number(answer.headers.get('content-range')?.split('/')[1])
  if (came.bytes !== readBytes || size !== sizeBytes) {
    throw new Error(
      `${path}: the server gives ${came.bytes} bytes of ${size}, and the store has ${sizeBytes}`,
    )
  }
  if (came.sha256 !== sha256) throw new Error(`${path}: the server gives other bytes than the store has`)
  return came.bytes
}

function addressOf({ owner: { kind, id }, path }: ReadFile): string {
  switch (kind) {
    case 'run':
      return `/get-artifact?${new URLSearchParams({ run_id: id, path })}`
    case 'logged model': {
      const query = new URLSearchParams({ artifact_file_path: path })
      return `/ajax-api/2.0/mlflow/logged-models/${encodeURIComponent(id)}/artifacts/files?${query}`
    }
    case 'model version': {
      const at = id.lastIndexOf('/')
      const query = new URLSearchParams({ name: id.slice(0, at), version: id.slice(at + 1), path })
      return `/model-versions/get-artifact?${query}`
    }
  }
}
