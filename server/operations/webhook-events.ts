/** Tells webhooks of a change: what is owed is written in the change's own transaction, and sent later. */
import type { Db } from '../db/index.ts'
import { listModelTags, PROMPT_TAG } from '../store/registered-models.ts'
import { insertDeliveries } from '../store/webhook-outbox.ts'
import { listSubscribers } from '../store/webhooks.ts'
import { type Entity, payloadOf, type WebhookEvent } from '../webhooks/events.ts'
import { newSortedId } from './ids.ts'

const TYPE_TAG = '_mlflow_prompt_type'
const TEXT_TAG = 'mlflow.prompt.text'

interface Change {
  readonly name: string
  readonly action: WebhookEvent['action']
  /** What changed, if it is of a model; absent where MLflow has no such event for models. */
  readonly ofModel?: Entity
  /** The same of a prompt. */
  readonly ofPrompt: Entity
  readonly data: object
  readonly now: number
}

/** Tells of a change in a model or a prompt that is there. */
export async function announceChange(tx: Db, change: Change): Promise<void> {
  const { name, action, ofModel, ofPrompt, data, now } = change
  const entities = ofModel === undefined ? [ofPrompt] : [ofModel, ofPrompt]
  const subscribers = await listSubscribers(tx, entities, action)
  if (subscribers.length === 0) return
  const entity = (await isPrompt(tx, name)) ? ofPrompt : ofModel
  if (entity === undefined) return
  await owe(
    tx,
    subscribers.filter((one) => one.entity === entity),
    { entity, action },
    { name, ...data },
    now,
  )
}

interface Tags {
  readonly tags: readonly { readonly key: string; readonly value: string | null }[]
}

export async function announceModel(
  tx: Db,
  { name, description, tags, now }: Tags & { name: string; description: string; now: number },
): Promise<void> {
  const map = mapOf(tags)
  const entity = isTrue(map.get(PROMPT_TAG)) ? 'prompt' : 'registered_model'
  const shown = entity === 'prompt' ? without(map, PROMPT_TAG, TYPE_TAG) : map
  await announceCreation(tx, entity, { name, tags: Object.fromEntries(shown), description }, now)
}

export interface CreatedVersion extends Tags {
  readonly name: string
  readonly version: number
  readonly source: string
  readonly runId: string | null | undefined
  readonly description: string
  readonly now: number
}

export async function announceVersion(tx: Db, created: CreatedVersion): Promise<void> {
  const { name, source, runId, now } = created
  const [version, description] = [String(created.version), created.description || null]
  const map = mapOf(created.tags)
  if (!isTrue(map.get(PROMPT_TAG))) {
    const tags = Object.fromEntries(map)
    const data = { name, version, source, run_id: runId || null, tags, description }
    return announceCreation(tx, 'model_version', data, now)
  }
  const tags = Object.fromEntries(without(map, PROMPT_TAG, TYPE_TAG, TEXT_TAG))
  const data = { name, version, template: map.get(TEXT_TAG) ?? null, tags, description }
  return announceCreation(tx, 'prompt_version', data, now)
}

async function announceCreation(tx: Db, entity: Entity, data: object, now: number): Promise<void> {
  const event = { entity, action: 'created' } as const
  await owe(tx, await listSubscribers(tx, [entity], event.action), event, data, now)
}

async function owe(
  tx: Db,
  subscribers: readonly { webhook_id: string }[],
  event: WebhookEvent,
  data: object,
  now: number,
): Promise<void> {
  const payload = payloadOf(event, data, now)
  const deliveries = subscribers.map(({ webhook_id }) => ({
    delivery_id: newSortedId(),
    webhook_id,
    payload,
  }))
  await insertDeliveries(tx, deliveries, now)
}

async function isPrompt(tx: Db, name: string): Promise<boolean> {
  const tags = await listModelTags(tx, [name])
  return isTrue(tags.find(({ key }) => key === PROMPT_TAG)?.value)
}

function isTrue(value: string | null | undefined): boolean {
  return value?.toLowerCase() === 'true'
}

function mapOf(tags: Tags['tags']): Map<string, string | null> {
  return new Map(tags.map(({ key, value }) => [key, value]))
}

function without(map: Map<string, string | null>, ...keys: string[]): Map<string, string | null> {
  return new Map([...map].filter(([key]) => !keys.includes(key)))
}
