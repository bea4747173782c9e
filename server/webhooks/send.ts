/** One signed request to a webhook's target. Redirects are not followed, and the answer's body is not read. */
import { createHmac } from 'node:crypto'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { hostOf, lookupPublic, parseTarget, refusal, type TargetPolicy } from './target.ts'

export interface Delivery {
  readonly url: string
  readonly secret?: string | undefined
  readonly deliveryId: string
  readonly payload: string
  readonly now: number
}

export interface Outcome {
  readonly status: number
  /** What the target asks to wait before the next attempt. */
  readonly retryAfterMs?: number
}

/** @throws Error when there was no answer, or there may be no connection */
export async function sendWebhook(
  { url: text, secret, deliveryId, payload, now }: Delivery,
  policy: TargetPolicy,
  signal: AbortSignal,
): Promise<Outcome> {
  const url = parseTarget(text, policy)
  const mayBePrivate = policy.webhookAllowPrivateIps
  const wrong = isIP(hostOf(url)) && !mayBePrivate ? refusal(hostOf(url)) : undefined
  if (wrong) throw wrong
  const timestamp = String(Math.floor(now / 1000))
  const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    method: 'POST',
    agent: false,
    signal,
    ...(!mayBePrivate && { lookup: lookupPublic }),
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
      'user-agent': 'trackyard-webhooks',
      'x-mlflow-delivery-id': deliveryId,
      'x-mlflow-timestamp': timestamp,
      ...(secret && { 'x-mlflow-signature': signature(secret, `${deliveryId}.${timestamp}.${payload}`) }),
    },
  })
  if (!mayBePrivate) {
    outgoing.on('socket', (socket) =>
      // Whatever led there: nothing is sent to a peer whose address is not public.
      socket.once('connect', () => {
        const problem = refusal(socket.remoteAddress)
        if (problem) outgoing.destroy(problem)
      }),
    )
  }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  outgoing.on('response', resolve).on('error', reject).end(payload)
  const response = await promise
  // A target may send without an end.
  response.on('error', () => {}).destroy()
  return { status: response.statusCode ?? 0, ...retryAfter(response.headers['retry-after'], now) }
}

function signature(secret: string, content: string): string {
  return `v1,${createHmac('sha256', secret).update(content).digest('base64')}`
}

const LONGEST_WAIT_MS = 3_600_000

function retryAfter(header: string | undefined, now: number): { retryAfterMs?: number } {
  if (header === undefined) return {}
  const wait = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isFinite(wait) ? { retryAfterMs: Math.min(Math.max(wait, 0), LONGEST_WAIT_MS) } : {}
}
