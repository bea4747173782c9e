/** Transfers that clients make with the store themselves: this server signs URLs, begins and ends uploads. */
import { below, checkServesArtifacts, locateArtifacts, schemeOf } from '../artifacts/location.ts'
import { joinSafe, safeFilePath, safePath } from '../artifacts/safe-path.ts'
import type { Context } from '../context.ts'
import { ApiError, invalidParameter, missingValue } from '../errors.ts'
import { getLoggedModelArtifactUri, getRunArtifactUri } from '../operations/artifact-owner.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { integer, list, message, requiredText, text } from '../wire.ts'

const PROXIED_SCHEMES = ['http', 'https', 'mlflow-artifacts']
const MOST_PARTS = 10_000
const MOST_SECONDS = 604_800
const UPLOAD_SECONDS = 900
const MOST_UPLOAD_ID = 1_024

const partNumber = () => integer().refine((number) => number >= 1 && number <= MOST_PARTS)
/** It goes into a URL, whose length stores limit. */
const givenUploadId = text()
  .refine((id) => id.length <= MOST_UPLOAD_ID)
  .default('')
const upload = { '*': text(), path: requiredText() }

export const artifactTransferRpcs: readonly Rpc[] = [
  rpc({
    method: 'POST',
    path: '/mlflow-artifacts/mpu/create/*',
    permission: { 'artifact.update': ({ '*': folder, path }) => ({ artifact: uploadedFile(folder, path) }) },
    request: message({ ...upload, num_parts: partNumber().default(1) }),
    async handler(context, { '*': folder, path, num_parts }) {
      const { direct, file } = uploadOf(context, folder, path)
      const { uploadId, urls } = await direct.createUpload(file, num_parts)
      return {
        upload_id: uploadId,
        credentials: urls.map((url, index) => ({ url, part_number: index + 1 })),
      }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow-artifacts/mpu/complete/*',
    permission: { 'artifact.update': ({ '*': folder, path }) => ({ artifact: uploadedFile(folder, path) }) },
    request: message({
      ...upload,
      upload_id: givenUploadId,
      parts: list(message({ part_number: partNumber(), etag: requiredText() })).default([]),
    }),
    async handler(context, { '*': folder, path, upload_id, parts }) {
      const { direct, file } = uploadOf(context, folder, path)
      if (parts.length === 0) throw missingValue('parts')
      const uploaded = parts.map(({ part_number, etag }) => ({ number: part_number, etag }))
      await direct.completeUpload(file, upload_id, uploaded)
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow-artifacts/mpu/abort/*',
    permission: { 'artifact.update': ({ '*': folder, path }) => ({ artifact: uploadedFile(folder, path) }) },
    request: message({ ...upload, upload_id: givenUploadId }),
    async handler(context, { '*': folder, path, upload_id }) {
      const { direct, file } = uploadOf(context, folder, path)
      await direct.abortUpload(file, upload_id)
      return {}
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow-artifacts/presigned/*',
    permission: { 'artifact.read': ({ '*': path }) => ({ artifact: path }) },
    request: message({ '*': text() }),
    async handler({ config, artifacts }, { '*': path }) {
      checkServesArtifacts(config)
      const file = safePath(path)
      if (!artifacts.direct) throw notSupported('Multipart download')
      const { url, sizeBytes } = await artifacts.direct.downloadUrl(file, config.presignedDownloadSeconds)
      return { url, headers: {}, file_size: sizeBytes }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/artifacts/presigned-download-url',
    permission: { 'run.read': ({ run_id }) => ({ run: run_id }) },
    request: message({ run_id: requiredText(), path: requiredText(), expiration: integer().optional() }),
    async handler(context, { run_id, path, expiration = context.config.presignedDownloadSeconds }) {
      const file = safePath(path)
      checkExpiration(expiration)
      const uri = await getRunArtifactUri(context.db, run_id)
      const { direct, place } = await directPlace(context, uri, 'download', 'runs with ')
      const { url, sizeBytes } = await direct.downloadUrl(below(place, file).path, expiration)
      return { presigned_url: url, file_size: sizeBytes }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/artifacts/presigned-upload-url',
    permission: {
      'run.update': ({ run_id }) => ({ run: run_id }),
      'logged-model.update': ({ model_id }) => ({ loggedModel: model_id }),
    },
    request: message({
      run_id: text().default(''),
      model_id: text().default(''),
      path: requiredText(),
      expiration: integer().default(UPLOAD_SECONDS),
    }),
    async handler(context, { run_id, model_id, path, expiration }) {
      if ((run_id === '') === (model_id === '')) {
        throw invalidParameter('Exactly one of run_id and model_id must be provided.')
      }
      const file = safeFilePath(path)
      checkExpiration(expiration)
      const { db } = context
      const uri = run_id ? await getRunArtifactUri(db, run_id) : await getLoggedModelArtifactUri(db, model_id)
      const { direct, place } = await directPlace(context, uri, 'upload', '')
      const { url, headers } = await direct.uploadUrl(below(place, file).path, expiration)
      return { presigned_url: url, headers }
    },
  }),
]

function uploadOf({ config, artifacts }: Context, folder: string, localPath: string) {
  checkServesArtifacts(config)
  const file = uploadedFile(folder, localPath)
  const { direct } = artifacts
  if (!direct || !takesDirectUploads({ config })) throw notSupported('Multipart upload')
  return { direct, file }
}

/**
 * The file that an upload in parts is of. A client sends the whole path that the file has on its own machine, of which
 * only the name is taken.
 */
function uploadedFile(folder: string, localPath: string): string {
  return joinSafe(safePath(folder), safeFilePath(localPath.replace(/^.*[/\\]/s, '')))
}

async function directPlace(context: Context, uri: string, direction: 'upload' | 'download', whose: string) {
  const scheme = schemeOf(uri)
  if (PROXIED_SCHEMES.includes(scheme)) {
    throw invalidParameter(
      `Presigned ${direction} is not supported for ${whose}proxied artifact storage (artifact URI scheme: ${scheme}). This endpoint requires a ${whose ? 'run with a ' : ''}direct cloud storage artifact URI.`,
    )
  }
  if (scheme !== 's3') throw notSupported(`Presigned ${direction}`)
  const place = await locateArtifacts(uri, context)
  const { direct } = place.store
  if (!direct || (direction === 'upload' && !takesDirectUploads(context))) {
    throw notSupported(`Presigned ${direction}`)
  }
  return { direct, place }
}

function checkExpiration(seconds: number): void {
  if (seconds >= 1 && seconds <= MOST_SECONDS) return
  throw invalidParameter(`expiration must be between 1 and ${MOST_SECONDS} seconds (got ${seconds}).`)
}

/** A signed URL can neither bound a size nor have a checksum: then every upload goes through this server. */
export function takesDirectUploads({ config }: Pick<Context, 'config'>): boolean {
  return config.maxUploadBytes === 0 && !config.s3ObjectLock
}

function notSupported(what: string): ApiError {
  return new ApiError('NOT_IMPLEMENTED', `${what} is not supported for the current artifact repository`)
}
