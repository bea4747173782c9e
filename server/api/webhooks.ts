import { ApiError, invalidParameter } from '../errors.ts'
import {
  changeWebhook,
  createWebhook,
  deleteWebhook,
  type SendResult,
  testWebhook,
} from '../operations/webhooks.ts'
import { rpc } from '../rpc.ts'
import { toPage } from '../search/page.ts'
import { parsePageToken } from '../search/page-token.ts'
import { getWebhook, listWebhooks, type Webhook } from '../store/webhooks.ts'
import { ACTIONS, actionsOf, ENTITIES, findExample, type WebhookEvent } from '../webhooks/events.ts'
import { enumeration, integer, list, message, orUnset, requiredText, text, unlessEmpty } from '../wire.ts'
import { checkLength } from './limits.ts'

const eventMessage = message({ entity: enumeration(ENTITIES), action: enumeration(ACTIONS) })
const status = enumeration({ ACTIVE: 1, DISABLED: 2 })
const one = message({ webhook_id: requiredText() })

export const webhookRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/webhooks',
    permission: 'admin',
    request: message({
      name: requiredText(),
      url: requiredText(),
      events: list(eventMessage),
      description: text().optional(),
      secret: text().optional(),
      status,
    }),
    async handler(context, { events, ...request }) {
      const parsed = parseEvents(events)
      checkWebhook(request)
      if (parsed.length === 0) {
        throw invalidParameter('Webhook events must be a non-empty list of WebhookEvent objects: [].')
      }
      const created = { ...request, status: request.status ?? 'ACTIVE', events: parsed }
      return { webhook: toWire(await createWebhook(context, created)) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/webhooks',
    permission: 'admin',
    request: message({ max_results: integer().default(100), page_token: text().optional() }),
    async handler({ db }, { max_results, page_token }) {
      const limit = max_results || 100
      if (limit < 1 || limit > 1000) throw invalidParameter('max_results must be between 1 and 1000.')
      const offset = parsePageToken(page_token)
      const { rows, nextPageToken } = toPage(await listWebhooks(db, limit + 1, offset), offset, limit)
      return { webhooks: unlessEmpty(rows.map(toWire)), next_page_token: nextPageToken }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/webhooks/:webhook_id',
    permission: 'admin',
    request: one,
    async handler({ db }, { webhook_id }) {
      return { webhook: toWire(await getWebhook(db, webhook_id)) }
    },
  }),
  rpc({
    method: 'PATCH',
    path: '/mlflow/webhooks/:webhook_id',
    permission: 'admin',
    request: message({
      webhook_id: requiredText(),
      name: text().optional(),
      url: text().optional(),
      events: list(eventMessage).default([]),
      description: text().optional(),
      secret: text().optional(),
      status,
    }),
    async handler(context, { webhook_id, events, name, url, ...more }) {
      // Empty is not given: neither may become empty.
      const change = { ...more, name: name || undefined, url: url || undefined }
      const parsed = parseEvents(events)
      await getWebhook(context.db, webhook_id)
      checkWebhook(change)
      const changed = await changeWebhook(context, webhook_id, { ...change, events: unlessEmpty(parsed) })
      return { webhook: toWire(changed) }
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/mlflow/webhooks/:webhook_id',
    permission: 'admin',
    request: one,
    async handler({ db, clock }, { webhook_id }) {
      await deleteWebhook(db, webhook_id, clock())
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/webhooks/:webhook_id/test',
    permission: 'admin',
    request: message({ webhook_id: requiredText(), event: eventMessage.optional() }),
    async handler(context, { webhook_id, event }) {
      const [parsed] = event ? parseEvents([event]) : []
      return { result: testToWire(await testWebhook(context, webhook_id, parsed)) }
    },
  }),
]

function toWire(webhook: Webhook) {
  return {
    webhook_id: webhook.webhook_id,
    name: webhook.name,
    description: webhook.description || undefined,
    url: webhook.url,
    events: webhook.events.map(({ entity, action }) => ({
      entity: entity.toUpperCase(),
      action: action.toUpperCase(),
    })),
    status: webhook.status,
    creation_timestamp: orUnset(webhook.creation_timestamp),
    last_updated_timestamp: orUnset(webhook.last_updated_timestamp),
  }
}

/** Without the body that the target answered: it is not for whoever may name a target. */
function testToWire(result: SendResult) {
  if (result.kind === 'sent') return { success: true, response_status: result.status }
  if (result.kind !== 'failed') return { success: false }
  return {
    success: false,
    response_status: result.status,
    error_message: `Failed to test webhook: ${result.reason}`,
  }
}

type EventMessage = { entity?: keyof typeof ENTITIES | undefined; action?: keyof typeof ACTIONS | undefined }

function parseEvents(events: readonly EventMessage[]): WebhookEvent[] {
  const parsed = events.map(parseEvent)
  if (new Set(parsed.map(({ entity, action }) => `${entity}.${action}`)).size < parsed.length) {
    throw new ApiError('BAD_REQUEST', 'Webhook events must not name an event twice.')
  }
  return parsed
}

function parseEvent({ entity, action }: EventMessage): WebhookEvent {
  if (entity === undefined || action === undefined) {
    throw invalidParameter(
      `A webhook event needs an entity (${Object.keys(ENTITIES).join(', ')}) and an action (${Object.keys(ACTIONS).join(', ')}).`,
    )
  }
  const event = { entity: entity.toLowerCase(), action: action.toLowerCase() } as WebhookEvent
  if (findExample(event) === undefined) {
    const valid = actionsOf(event.entity).map((one) => `'${one}'`)
    throw invalidParameter(
      `Invalid action '${event.action}' for entity '${event.entity}'. Valid actions are: [${valid.join(', ')}]`,
    )
  }
  return event
}

function checkWebhook({
  name,
  url,
  description,
}: {
  name?: string | undefined
  url?: string | undefined
  description?: string | undefined
}): void {
  if (name !== undefined && !/^(?=.{1,63}$)[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(name)) {
    throw invalidParameter(
      `Webhook name '${name}' is invalid. It must start and end with a letter or digit, be less than 63 characters long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-).`,
    )
  }
  checkLength('url', 500, url ?? '')
  checkLength('description', 1000, description ?? '')
}
