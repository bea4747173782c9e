/** Making, changing and trying webhooks, and one request to one of them. */
import { randomUUID } from 'node:crypto'
import type { Config } from '../config.ts'
import type { Db } from '../db/index.ts'
import { invalidParameter } from '../errors.ts'
import { findWebhook, getWebhook, insertWebhook, updateWebhook, type Webhook } from '../store/webhooks.ts'
import { findExample, payloadOf, type WebhookEvent } from '../webhooks/events.ts'
import { decryptFernet, encryptFernet } from '../webhooks/fernet.ts'
import { sendWebhook } from '../webhooks/send.ts'
import { checkTarget } from '../webhooks/target.ts'
import { newSortedId } from './ids.ts'

interface Server {
  readonly config: Config
  readonly db: Db
  readonly clock: () => number
}

export interface NewWebhook {
  readonly name: string
  readonly url: string
  readonly events: readonly WebhookEvent[]
  readonly description?: string | undefined
  readonly secret?: string | undefined
  readonly status: string
}

/** @throws ApiError for a URL that no webhook may have, and for a secret that cannot be kept */
export async function createWebhook({ config, db, clock }: Server, webhook: NewWebhook): Promise<Webhook> {
  await checkTarget(webhook.url, config)
  const { events, description, secret, ...columns } = webhook
  const [webhook_id, now] = [randomUUID(), clock()]
  const row = {
    ...columns,
    webhook_id,
    description: description || null,
    secret: sealed(secret, config, now) ?? null,
    creation_timestamp: now,
    last_updated_timestamp: now,
  }
  return db.transaction().execute(async (tx) => {
    await insertWebhook(tx, row, events)
    return getWebhook(tx, webhook_id)
  })
}

export type WebhookChange = { readonly [F in keyof NewWebhook]?: NewWebhook[F] | undefined }

/** Changes what is given; an empty secret takes the secret away. */
export async function changeWebhook(
  { config, db, clock }: Server,
  id: string,
  { events, secret, ...change }: WebhookChange,
): Promise<Webhook> {
  await getWebhook(db, id)
  if (change.url !== undefined) await checkTarget(change.url, config)
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  const now = clock()
  const withSecret = secret === undefined ? {} : { secret: sealed(secret, config, now) ?? null }
  return db.transaction().execute(async (tx) => {
    await getWebhook(tx, id)
    await updateWebhook(tx, id, { ...given, ...withSecret, last_updated_timestamp: now }, events)
    return getWebhook(tx, id)
  })
}

/** Deletes a webhook; what it is owed still is not sent. */
export async function deleteWebhook(db: Db, id: string, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await getWebhook(tx, id)
    await updateWebhook(tx, id, { deleted_timestamp: now, last_updated_timestamp: now })
  })
}

export type SendResult =
  | { readonly kind: 'sent'; readonly status: number }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'not wanted' }
  | {
      readonly kind: 'failed'
      readonly reason: string
      readonly mayRetry: boolean
      readonly status?: number
      readonly retryAfterMs?: number
    }

/** Sends an example of an event, or of the webhook's first one, whether the webhook is active or not. */
export async function testWebhook(server: Server, id: string, event?: WebhookEvent): Promise<SendResult> {
  const webhook = await getWebhook(server.db, id)
  const tested = event ?? (webhook.events[0] as WebhookEvent | undefined)
  const example = tested && findExample(tested)
  if (!example) throw invalidParameter('The webhook has no event to test; name one.')
  const payload = payloadOf(tested, example, server.clock())
  return send(server, webhook, { delivery_id: newSortedId(), payload }, new AbortController().signal)
}

/** Sends a delivery to a webhook as it is now. */
export async function sendToWebhook(
  server: Server,
  id: string,
  delivery: { readonly delivery_id: string; readonly payload: string },
  abort: AbortSignal,
): Promise<SendResult> {
  const webhook = await findWebhook(server.db, id)
  if (webhook?.status !== 'ACTIVE') return { kind: 'not wanted' }
  return send(server, webhook, delivery, abort)
}

async function send(
  { config, clock }: Server,
  { url, secret: stored }: Webhook,
  { delivery_id, payload }: { readonly delivery_id: string; readonly payload: string },
  abort: AbortSignal,
): Promise<SendResult> {
  const secret = stored === null ? '' : decryptFernet(config.webhookSecretKey, stored)
  // A receiver with a secret must not be sent what is not signed.
  if (secret === undefined) return failure('its secret was encrypted with another key', false)
  const timeout = AbortSignal.timeout(config.webhookTimeoutSeconds * 1000)
  try {
    const delivery = { url, secret, deliveryId: delivery_id, payload, now: clock() }
    const { status, ...more } = await sendWebhook(delivery, config, AbortSignal.any([abort, timeout]))
    if (status >= 200 && status < 300) return { kind: 'sent', status }
    const isRedirect = status >= 300 && status < 400
    const reason = isRedirect ? `it redirects (${status}), which is not followed` : `it answered ${status}`
    return { ...failure(reason, status === 429 || status >= 500), status, ...more }
  } catch (error) {
    if (abort.aborted) return { kind: 'interrupted' }
    const { code, message } = error as NodeJS.ErrnoException
    return failure(timeout.aborted ? 'it did not answer in time' : (code ?? message), true)
  }
}

function failure(reason: string, mayRetry: boolean) {
  return { kind: 'failed', reason, mayRetry } as const
}

/** MLflow's column. */
const SEALED_LENGTH = 1000

/** A secret as it is stored; undefined for none. */
function sealed(secret: string | undefined, config: Config, now: number): string | undefined {
  if (!secret) return undefined
  if (config.webhookSecretKey === '') {
    throw invalidParameter(
      'This server cannot keep the secret of a webhook: MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY is not set. Set it to a Fernet key, or leave the secret out.',
    )
  }
  const token = encryptFernet(config.webhookSecretKey, secret, now)
  if (token.length > SEALED_LENGTH) throw invalidParameter("'secret' is too long: 687 bytes are the most")
  return token
}
