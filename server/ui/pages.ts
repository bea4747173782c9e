/** Serving MLflow's own web UI: its page, and the files the page loads. */
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Context } from '../context.ts'
import { ApiError } from '../errors.ts'
import { uiFolder } from './folder.ts'
import { MISSING_PAGE_POLICY, missingPage, missingReason } from './missing.ts'
import { RENDERER_POLICY, securityPolicy } from './security-policy.ts'

// MLflow's own: four weeks. File names carry a hash of their content.
const ASSETS_MAX_AGE_MS = 2_419_200_000

/** The page with which notebooks show traces. */
const RENDERER = 'lib/notebook-trace-renderer/'

/** Mounts `/` and `/static-files/*` below the static prefix, and `/build/*`. Without the UI, `/` says how to get it. */
export function mountPages(app: FastifyInstance, { config, log }: Context): void {
  const folder = uiFolder(config.uiDir)
  const isThere = () => folder !== undefined && existsSync(join(folder, 'index.html'))
  if (!isThere()) log.warn(missingReason(folder))
  const policy = securityPolicy(config)

  app.register(async (scope) => {
    // The files of the page are MLflow's, the same for everybody, and a browser asks for some without credentials.
    scope.addHook('onRoute', (route) => {
      route.config = { permission: 'open', ...route.config }
    })
    scope.setErrorHandler((error) => {
      throw toNotFound(error)
    })
    const setHeaders = (reply: FastifyReply, path: string) =>
      setAssetPolicy(reply, relative(folder ?? '', path))
    if (folder !== undefined) {
      await scope.register(fastifyStatic, {
        root: folder,
        prefix: `${config.staticPrefix}/static-files/`,
        index: false,
        dotfiles: 'ignore',
        preCompressed: true,
        maxAge: ASSETS_MAX_AGE_MS,
        suppressWarning: true,
        setHeaders,
      })
      // MLflow's framework serves the same folder here too, whatever the static prefix.
      await scope.register(fastifyStatic, {
        root: folder,
        prefix: '/build/',
        decorateReply: false,
        index: false,
        dotfiles: 'ignore',
        preCompressed: true,
        maxAge: ASSETS_MAX_AGE_MS,
        suppressWarning: true,
        setHeaders,
      })
    }
    const signedIn = { config: { permission: 'signed-in' } } as const
    scope.get(`${config.staticPrefix}/`, signedIn, async (_request, reply) => {
      if (!isThere()) {
        return reply
          .status(404)
          .type('text/html; charset=utf-8')
          .header('content-security-policy', MISSING_PAGE_POLICY)
          .send(missingPage(folder))
      }
      return reply
        .header('cache-control', 'no-cache')
        .header('content-security-policy', policy)
        .header('cross-origin-opener-policy', 'same-origin')
        .sendFile('index.html', { cacheControl: false })
    })
    // The page's URLs are relative, so they are right only below a slash.
    if (config.staticPrefix !== '') {
      scope.get(config.staticPrefix, signedIn, async (_request, reply) =>
        reply.redirect(`${config.staticPrefix}/`, 308),
      )
    }
  })
}

/** Notebooks show traces in a frame with MLflow's page for it, wherever they are; `index.html` sets its own policy. */
function setAssetPolicy(reply: FastifyReply, path: string): void {
  if (!/\.html(\.gz|\.br)?$/.test(path)) reply.removeHeader('content-security-policy')
  else if (path.startsWith(RENDERER)) {
    reply.header('content-security-policy', RENDERER_POLICY).removeHeader('x-frame-options')
  }
}

/** A path that is refused (`..`, a folder, a hidden file) is answered like one that does not exist. */
function toNotFound(error: unknown): unknown {
  const { statusCode = 500 } = error as { statusCode?: number }
  if (error instanceof ApiError || statusCode < 400 || statusCode >= 500) return error
  return new ApiError('ENDPOINT_NOT_FOUND', 'No such file.', { cause: error })
}
