import { readdir } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { wholeOf } from '../../server/artifacts/batches.ts'
import type { ArtifactStore } from '../../server/artifacts/index.ts'

/** Every file below a folder, half-written ones too, as paths from it. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1))
    .sort()
}

export async function putText(store: ArtifactStore, path: string, content: string): Promise<void> {
  await store.put(path, Readable.from([Buffer.from(content)]))
}

export async function getText(store: ArtifactStore, path: string): Promise<string> {
  return (await wholeOf((await store.get(path)).read())).toString()
}
