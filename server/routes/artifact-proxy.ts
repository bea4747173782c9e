/** The artifact proxy's byte routes: `mlflow-artifacts:/` URIs of the clients lead here. */
import { checkServesArtifacts } from '../artifacts/location.ts'
import { safeFilePath, safePath } from '../artifacts/safe-path.ts'
import { withinQuota } from './limited.ts'
import { pathValue, type Route } from './route.ts'
import { sendArtifact } from './send-artifact.ts'

const PREFIXES = ['/api/2.0', '/ajax-api/2.0']

const download = {
  method: 'GET',
  unprefixed: true,
  permission: { 'artifact.read': (request) => ({ artifact: pathValue(request, '*') }) },
  async handle({ artifacts, config }, request, reply) {
    checkServesArtifacts(config)
    const path = safePath(pathValue(request, '*'))
    return sendArtifact({ store: artifacts, path }, request, reply)
  },
} satisfies Omit<Route, 'path'>

const upload = {
  method: 'PUT',
  unprefixed: true,
  permission: { 'artifact.update': (request) => ({ artifact: pathValue(request, '*') }) },
  async handle({ artifacts, config }, request, reply) {
    checkServesArtifacts(config)
    const path = safeFilePath(pathValue(request, '*'))
    await artifacts.put(path, withinQuota(request.raw, config))
    return reply.status(200).send()
  },
} satisfies Omit<Route, 'path'>

const remove = {
  method: 'DELETE',
  permission: { 'artifact.delete': (request) => ({ artifact: pathValue(request, '*') }) },
  async handle({ artifacts, config }, request, reply) {
    checkServesArtifacts(config)
    await artifacts.delete(safePath(pathValue(request, '*')))
    return reply.header('content-type', 'application/json').send('{}')
  },
} satisfies Omit<Route, 'path'>

export const artifactProxyRoutes: readonly Route[] = PREFIXES.flatMap((prefix) =>
  [download, upload, remove].map((route) => ({ ...route, path: `${prefix}/mlflow-artifacts/artifacts/*` })),
)
