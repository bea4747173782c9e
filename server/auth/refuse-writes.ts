/** A server that only reads: one hook over all routes, so that no write can be forgotten. */
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { onlyReads } from '../errors.ts'
import { isWrite } from './deeds.ts'

/** Refuses every write of who is let in, before its body is read. */
export function refuseWrites(app: FastifyInstance, { readOnly, staticPrefix }: Config): void {
  if (!readOnly) return
  app.addHook('onRequest', async (request) => {
    const isThere = request.routeOptions.config?.permission !== undefined
    if (isThere && isWrite(request, staticPrefix)) throw onlyReads('nothing was changed')
  })
}
