/** Artifacts by their owner: downloads of a run's, a model version's and a logged model's files, and the UI's upload. */
import type { FastifyRequest } from 'fastify'
import { below, locateArtifacts } from '../artifacts/location.ts'
import { safeFilePath, safePath } from '../artifacts/safe-path.ts'
import { ApiError, invalidParameter } from '../errors.ts'
import {
  getLoggedModelArtifactUri,
  getModelVersionArtifactUri,
  getRunArtifactUri,
} from '../operations/artifact-owner.ts'
import { limited } from './limited.ts'
import { findQueryValue, pathValue, queryValue, type Route } from './route.ts'
import { sendArtifact } from './send-artifact.ts'

const MOST_UPLOAD_BYTES = 10 * 1024 * 1024

export const artifactFileRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/get-artifact',
    permission: { 'run.read': (request) => ({ run: runIdOf(request) }) },
    async handle(context, request, reply) {
      const path = safePath(queryValue(request, 'path'))
      const uri = await getRunArtifactUri(context.db, runIdOf(request) ?? queryValue(request, 'run_id'))
      return sendArtifact(below(await locateArtifacts(uri, context), path), request, reply)
    },
  },
  {
    method: 'GET',
    path: '/model-versions/get-artifact',
    permission: { 'version.read': (request) => ({ version: findQueryValue(request, 'name') }) },
    async handle(context, request, reply) {
      const path = safePath(queryValue(request, 'path'))
      const version = parseVersion(queryValue(request, 'version'))
      const uri = await getModelVersionArtifactUri(context.db, queryValue(request, 'name'), version)
      return sendArtifact(below(await locateArtifacts(uri, context), path), request, reply)
    },
  },
  {
    method: 'GET',
    path: '/ajax-api/2.0/mlflow/logged-models/:model_id/artifacts/files',
    permission: { 'logged-model.read': (request) => ({ loggedModel: pathValue(request, 'model_id') }) },
    async handle(context, request, reply) {
      const asked = findQueryValue(request, 'artifact_file_path')
      if (asked === undefined) {
        throw new ApiError('BAD_REQUEST', 'Request must include the "artifact_file_path" query parameter.')
      }
      const path = safePath(asked)
      const uri = await getLoggedModelArtifactUri(context.db, pathValue(request, 'model_id'))
      return sendArtifact(below(await locateArtifacts(uri, context), path), request, reply)
    },
  },
  {
    method: 'POST',
    path: '/ajax-api/2.0/mlflow/upload-artifact',
    permission: { 'run.update': (request) => ({ run: runIdOf(request) }) },
    async handle(context, request, reply) {
      const runId = runIdOf(request)
      if (runId === undefined) throw invalidParameter('Request must specify run_uuid.')
      const asked = findQueryValue(request, 'path')
      if (asked === undefined) throw invalidParameter('Request must specify path.')
      const path = safeFilePath(asked)
      const body = await limited(request.raw, MOST_UPLOAD_BYTES, context.config)
      const place = below(await locateArtifacts(await getRunArtifactUri(context.db, runId), context), path)
      await place.store.put(place.path, body)
      return reply.header('content-type', 'application/json').send('')
    },
  },
]

function runIdOf(request: FastifyRequest): string | undefined {
  return findQueryValue(request, 'run_id') ?? findQueryValue(request, 'run_uuid')
}

function parseVersion(version: string): number {
  if (!/^\d{1,9}$/.test(version)) {
    throw invalidParameter(`Parameter 'version' must be an integer, got '${version}'.`)
  }
  return Number(version)
}
