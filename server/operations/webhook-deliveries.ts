/** Sends what webhooks are owed, until it has arrived or was tried too often; no request waits for it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../config.ts'
import type { Db } from '../db/index.ts'
import {
  claimDelivery,
  deleteDelivery,
  listDueDeliveries,
  type OwedDelivery,
  rescheduleDelivery,
} from '../store/webhook-outbox.ts'
import { sendToWebhook } from './webhooks.ts'

export interface Deliveries {
  /** Begins none anew, and gives up those under way after `timeoutMs`: they are owed still. */
  stop(timeoutMs: number): Promise<void>
}

interface Sender {
  readonly config: Config
  readonly db: Db
  readonly clock: () => number
  readonly log: { warn(facts: object, text: string): void; error(facts: object, text: string): void }
}

const POLL_MS = 1_000
/** Until another attempt at a delivery whose sender has died: longer than any attempt takes. */
const CLAIM_MARGIN_MS = 10_000
const LONGEST_BACKOFF_MS = 60_000

/** Starts to send, until it is stopped. */
export function startDeliveries(sender: Sender): Deliveries {
  const [ending, abort] = [new AbortController(), new AbortController()]
  const underWay = new Map<Promise<void>, string>()
  const begin = (owed: OwedDelivery) => {
    const attempt = deliver(sender, owed, abort.signal)
      .catch((err) => sender.log.error({ err, delivery: owed.delivery_id }, 'a webhook delivery failed here'))
      .finally(() => underWay.delete(attempt))
    underWay.set(attempt, owed.webhook_id)
  }
  const polling = poll(sender, underWay, begin, ending.signal)
  return {
    async stop(timeoutMs) {
      ending.abort()
      await polling
      const timer = setTimeout(() => abort.abort(), timeoutMs)
      await Promise.all(underWay.keys())
      clearTimeout(timer)
    },
  }
}

async function poll(
  sender: Sender,
  underWay: ReadonlyMap<Promise<void>, string>,
  begin: (owed: OwedDelivery) => void,
  ending: AbortSignal,
): Promise<void> {
  const { config, db, clock, log } = sender
  while (!ending.aborted) {
    try {
      const due = await nextDeliveries(sender, [...underWay.values()])
      for (const owed of due) {
        const until = clock() + config.webhookTimeoutSeconds * 1000 + CLAIM_MARGIN_MS
        if (!ending.aborted && (await claimDelivery(db, owed, until))) begin(owed)
      }
      const isMore = due.length > 0
      const pause = delay(isMore ? 50 : POLL_MS, undefined, { signal: ending }).catch(() => {})
      await (underWay.size >= config.webhookWorkers ? Promise.race([pause, ...underWay.keys()]) : pause)
    } catch (err) {
      log.error({ err }, 'owed webhook deliveries cannot be read')
      await delay(POLL_MS, undefined, { signal: ending }).catch(() => {})
    }
  }
}

/** As many as there is room for, and of each webhook one at a time: a slow target holds up nobody else's. */
async function nextDeliveries(
  { config, db, clock }: Sender,
  busy: readonly string[],
): Promise<OwedDelivery[]> {
  const room = config.webhookWorkers - busy.length
  if (room <= 0) return []
  const due = await listDueDeliveries(db, clock(), room, [...new Set(busy)])
  return [...new Map(due.toReversed().map((one) => [one.webhook_id, one])).values()]
}

async function deliver(sender: Sender, owed: OwedDelivery, abort: AbortSignal): Promise<void> {
  const { config, db, clock, log } = sender
  const result = await sendToWebhook(sender, owed.webhook_id, owed, abort)
  const [id, attempts] = [owed.delivery_id, owed.attempts + 1]
  const facts = { webhook: owed.webhook_id, delivery: id, attempts }
  if (result.kind === 'interrupted') {
    return rescheduleDelivery(db, id, { attempts: owed.attempts, next_attempt_time: clock() })
  }
  if (result.kind === 'failed' && result.mayRetry && attempts <= config.webhookMaxRetries) {
    log.warn({ ...facts, reason: result.reason }, 'a webhook delivery failed and is tried again')
    const wait = result.retryAfterMs ?? backoff(attempts)
    return rescheduleDelivery(db, id, { attempts, next_attempt_time: clock() + wait })
  }
  if (result.kind === 'failed')
    log.error({ ...facts, reason: result.reason }, 'a webhook delivery was given up')
  return deleteDelivery(db, id)
}

/** 1 s, 2 s, 4 s … with up to a second of chance, so that targets are not asked by all at once. */
function backoff(attempts: number): number {
  return Math.min(1000 * 2 ** (attempts - 1), LONGEST_BACKOFF_MS) + Math.floor(Math.random() * 1000)
}
