import { mayAdminister, mayMakeTokens, type Scope } from '../access/access.ts'
import type { Caller } from '../access/caller.ts'
import type { RequestContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { createToken, getToken, parseScope } from '../operations/access-tokens.ts'
import { parseAge } from '../operations/age.ts'
import type { Login } from '../operations/login.ts'
import { rpc } from '../rpc.ts'
import { type AccessToken, deleteToken, listTokens } from '../store/access-tokens.ts'
import { getUser } from '../store/users.ts'
import { checkMaxResults, integer, list, message, requiredText, text, unlessEmpty } from '../wire.ts'

const MOST_RESULTS = 1_000

export const accessTokenRpcs = [
  rpc({
    method: 'POST',
    path: '/trackyard/tokens',
    permission: 'signed-in',
    request: message({
      name: requiredText(),
      username: text().optional(),
      scope: text().optional(),
      experiment_ids: list(requiredText()).optional(),
      model_names: list(requiredText()).optional(),
      expires_in: text().optional(),
    }),
    async handler({ config, clock, ...context }, request) {
      const { db } = loginFor(context)
      const username = request.username || context.caller.name
      checkMayFor(context.caller, username)
      const made = await createToken(
        db,
        {
          username,
          name: request.name,
          scope: parseScope(request.scope, request.experiment_ids, request.model_names),
          lifetimeMs: request.expires_in ? parseAge(request.expires_in) : undefined,
        },
        config,
        clock(),
      )
      return { token: made.token, token_info: toWire(made.info) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/trackyard/tokens',
    permission: 'signed-in',
    request: message({
      username: text().optional(),
      max_results: integer().default(MOST_RESULTS),
      page_token: text().optional(),
    }),
    async handler(context, { username, max_results, page_token }) {
      const { db } = loginFor(context)
      checkMaxResults(max_results, MOST_RESULTS)
      const whose = username || (mayAdminister(context.caller.access) ? undefined : context.caller.name)
      if (whose !== undefined) checkMayFor(context.caller, whose)
      const userId = whose === undefined ? undefined : (await getUser(db, whose)).id
      const found = await listTokens(db, { userId, after: page_token ?? '', limit: max_results })
      const next_page_token = found.length < max_results ? undefined : found.at(-1)?.id
      return { tokens: unlessEmpty(found.map(toWire)), next_page_token }
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/trackyard/tokens',
    requestIn: 'query',
    permission: 'signed-in',
    request: message({ token_id: requiredText() }),
    async handler(context, { token_id }) {
      const { db, tokens } = loginFor(context)
      const token = await getToken(db, token_id)
      checkMayFor(context.caller, token.username)
      await deleteToken(db, token_id)
      tokens.forgetAll()
      return {}
    },
  }),
]

/** @throws ApiError PERMISSION_DENIED for a token that is limited: it makes no other, lists none and revokes none */
function loginFor({ login, caller }: Pick<RequestContext, 'login' | 'caller'>): Login {
  if (!login) throw new ApiError('ENDPOINT_NOT_FOUND', 'There are no access tokens while no login is on')
  if (mayMakeTokens(caller.access)) return login
  throw new ApiError('PERMISSION_DENIED', 'This takes a password, a session, or a token with the scope admin')
}

function checkMayFor({ name, access }: Caller, username: string): void {
  if (name === username || mayAdminister(access)) return
  throw new ApiError('PERMISSION_DENIED', 'Only an admin may do this for somebody else')
}

/** As it is told: without the token, which nobody can be told again. */
export function toWire({ id, name, username, scope, ...times }: AccessToken) {
  return {
    token_id: id,
    name,
    username,
    ...scopeToWire(scope),
    creation_time: times.creationTime,
    expiration_time: times.expirationTime,
    last_used_time: times.lastUsedTime,
  }
}

function scopeToWire({ most, experiments, models }: Scope) {
  return {
    scope: most,
    experiment_ids: experiments && [...experiments],
    model_names: models && [...models],
  }
}
