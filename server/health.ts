/** Liveness, version, and readiness that asks the database and the artifact store. */
import type { FastifyInstance } from 'fastify'
import type { Context } from './context.ts'
import { MLFLOW_VERSION } from './version.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether `/health` is to tell proxies to send their requests elsewhere; all are still served. */
    isLeaving: boolean
  }
}

export function mountHealth(app: FastifyInstance, { config, db, artifacts, log }: Context): void {
  const { staticPrefix } = config
  const open = { config: { permission: 'open' } } as const
  app.decorate('isLeaving', false)
  app.get(`${staticPrefix}/health`, open, async (_request, reply) =>
    reply
      .status(app.isLeaving ? 503 : 200)
      .type('text/plain; charset=utf-8')
      .send(app.isLeaving ? 'stopping' : 'OK'),
  )
  app.get(`${staticPrefix}/version`, open, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(MLFLOW_VERSION),
  )
  app.get(`${staticPrefix}/readyz`, open, async (_request, reply) => {
    const checks = await Promise.allSettled([
      db.selectFrom('alembic_version').select('version_num').executeTakeFirstOrThrow(),
      artifacts.check(),
    ])
    const [database, store] = checks.map((check) => (check.status === 'fulfilled' ? 'ok' : 'failed'))
    for (const check of checks) if (check.status === 'rejected') log.warn({ err: check.reason }, 'not ready')
    const ready = database === 'ok' && store === 'ok'
    return reply.status(ready ? 200 : 503).send({ database, artifacts: store })
  })
}
