/** Who signs in and out, as entries of the audit log. */
import type { FastifyRequest } from 'fastify'
import { keepLatest } from '../bounded.ts'
import type { Login } from '../operations/login.ts'
import { networkOf } from '../operations/sign-in-guard.ts'
import type { Identity } from './sign-in.ts'

const KEPT_MS = 86_400_000
const MOST_KEPT = 10_000

export function recordSign(
  { audit }: Login,
  action: 'sign-in' | 'sign-out',
  { username, via }: Identity,
  { ip, headers }: FastifyRequest,
  object = '',
): void {
  audit.record({
    caller: username,
    via,
    action,
    object,
    detail: '',
    status: 200,
    outcome: 'OK',
    address: ip,
    userAgent: headers['user-agent'] ?? '',
  })
}

/** Records a credential that comes with every request at its first use from a network, and again a day later. */
export function firstUses(login: Login) {
  const seen = new Map<string, number>()
  return (identity: Identity, request: FastifyRequest, now: number, tokenId = ''): void => {
    // Neither an id nor a network has a blank in it.
    const key = `${tokenId} ${networkOf(request.ip)} ${identity.username}`
    if (now - (seen.get(key) ?? Number.NEGATIVE_INFINITY) < KEPT_MS) return
    keepLatest(seen, key, now, MOST_KEPT)
    recordSign(login, 'sign-in', identity, request, tokenId && `token_id=${tokenId}`)
  }
}
