import type { ArtifactEntry } from '../artifacts/index.ts'
import { type ArtifactPlace, below, checkServesArtifacts, locateArtifacts } from '../artifacts/location.ts'
import { joinSafe, safePath } from '../artifacts/safe-path.ts'
import { getLoggedModelArtifactUri, getRunArtifactUri } from '../operations/artifact-owner.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { message, requiredText, text, unlessEmpty } from '../wire.ts'

const RUN_ID_ALIAS = { run_uuid: 'run_id' } as const

export const artifactRpcs: readonly Rpc[] = [
  rpc({
    method: 'GET',
    path: '/mlflow/artifacts/list',
    permission: { 'run.read': ({ run_id }) => ({ run: run_id }) },
    request: message(
      { run_id: requiredText(), path: text().default(''), page_token: text().optional() },
      RUN_ID_ALIAS,
    ),
    async handler(context, { run_id, path }) {
      const folder = safePath(path)
      const root_uri = await getRunArtifactUri(context.db, run_id)
      return { root_uri, files: await listBelow(await locateArtifacts(root_uri, context), folder) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/logged-models/:model_id/artifacts/directories',
    permission: { 'logged-model.read': ({ model_id }) => ({ loggedModel: model_id }) },
    request: message({ model_id: text(), artifact_directory_path: text().default('') }),
    async handler(context, { model_id, artifact_directory_path }) {
      const folder = safePath(artifact_directory_path)
      const root_uri = await getLoggedModelArtifactUri(context.db, model_id)
      return { root_uri, files: await listBelow(await locateArtifacts(root_uri, context), folder) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow-artifacts/artifacts',
    permission: { 'artifact.read': ({ path }) => ({ artifact: path }) },
    request: message({ path: text().default('') }),
    async handler({ config, artifacts }, { path }) {
      checkServesArtifacts(config)
      return { files: unlessEmpty((await artifacts.list(safePath(path))).map(toWire)) }
    },
  }),
]

/** Entries with paths from the owner's root on, as its clients ask for them. */
async function listBelow(place: ArtifactPlace, folder: string) {
  const { store, path } = below(place, folder)
  const entries = await store.list(path)
  return unlessEmpty(entries.map((entry) => toWire({ ...entry, path: joinSafe(folder, entry.path) })))
}

function toWire({ path, isDirectory, sizeBytes }: ArtifactEntry) {
  return { path, is_dir: isDirectory, file_size: sizeBytes }
}
