import type { ArtifactEntry } from '../artifacts/index.ts'
import {
  type ArtifactPlace,
  below,
  checkServesArtifacts,
  locateArtifacts,
  schemeOf,
} from '../artifacts/location.ts'
import { joinSafe, safePath } from '../artifacts/safe-path.ts'
import { ApiError, invalidParameter } from '../errors.ts'
import { getLoggedModelArtifactUri, getRunArtifactUri } from '../operations/artifact-owner.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { integer, message, requiredText, text, unlessEmpty } from '../wire.ts'

const PROXIED_SCHEMES = ['http', 'https', 'mlflow-artifacts']
const RUN_ID_ALIAS = { run_uuid: 'run_id' } as const

const multipart = (step: string) =>
  rpc({
    method: 'POST',
    path: `/mlflow-artifacts/mpu/${step}/*`,
    permission: 'artifact.update',
    request: message({ '*': text(), path: requiredText() }),
    handler({ config }, { '*': folder, path }) {
      checkServesArtifacts(config)
      safePath(folder)
      safePath(path)
      throw notSupported('Multipart upload')
    },
  })

export const artifactRpcs: readonly Rpc[] = [
  rpc({
    method: 'GET',
    path: '/mlflow/artifacts/list',
    permission: 'artifact.read',
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
    permission: 'artifact.read',
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
    permission: 'artifact.read',
    request: message({ path: text().default('') }),
    async handler({ config, artifacts }, { path }) {
      checkServesArtifacts(config)
      return { files: unlessEmpty((await artifacts.list(safePath(path))).map(toWire)) }
    },
  }),
  multipart('create'),
  multipart('complete'),
  multipart('abort'),
  rpc({
    method: 'GET',
    path: '/mlflow-artifacts/presigned/*',
    permission: 'artifact.read',
    request: message({ '*': text() }),
    handler({ config }, { '*': path }) {
      checkServesArtifacts(config)
      safePath(path)
      throw notSupported('Multipart download')
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/artifacts/presigned-download-url',
    permission: 'artifact.read',
    request: message({ run_id: requiredText(), path: requiredText(), expiration: integer().optional() }),
    async handler({ db }, { run_id, path }) {
      safePath(path)
      throw notPresigned('download', 'runs with ', await getRunArtifactUri(db, run_id))
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/artifacts/presigned-upload-url',
    permission: 'artifact.update',
    request: message({
      run_id: text().default(''),
      model_id: text().default(''),
      path: requiredText(),
      expiration: integer().optional(),
    }),
    async handler({ db }, { run_id, model_id, path }) {
      if ((run_id === '') === (model_id === '')) {
        throw invalidParameter('Exactly one of run_id and model_id must be provided.')
      }
      safePath(path)
      const uri = run_id ? await getRunArtifactUri(db, run_id) : await getLoggedModelArtifactUri(db, model_id)
      throw notPresigned('upload', '', uri)
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

function notPresigned(direction: 'upload' | 'download', whose: string, uri: string): ApiError {
  const scheme = schemeOf(uri)
  if (!PROXIED_SCHEMES.includes(scheme)) return notSupported(`Presigned ${direction}`)
  return invalidParameter(
    `Presigned ${direction} is not supported for ${whose}proxied artifact storage (artifact URI scheme: ${scheme}). This endpoint requires a ${whose ? 'run with a ' : ''}direct cloud storage artifact URI.`,
  )
}

function notSupported(what: string): ApiError {
  return new ApiError('NOT_IMPLEMENTED', `${what} is not supported for the current artifact repository`)
}
