/** What webhooks tell of, in MLflow's names, and an example of each. */

export const ENTITIES = {
  REGISTERED_MODEL: 1,
  MODEL_VERSION: 2,
  MODEL_VERSION_TAG: 3,
  MODEL_VERSION_ALIAS: 4,
  PROMPT: 5,
  PROMPT_VERSION: 6,
  PROMPT_TAG: 7,
  PROMPT_VERSION_TAG: 8,
  PROMPT_ALIAS: 9,
  BUDGET_POLICY: 10,
} as const

export const ACTIONS = { CREATED: 1, UPDATED: 2, DELETED: 3, SET: 4, EXCEEDED: 5 } as const

export type Entity = Lowercase<keyof typeof ENTITIES>
type Action = Lowercase<keyof typeof ACTIONS>

/** As the database and the payloads spell it: in lower case. */
export interface WebhookEvent {
  readonly entity: Entity
  readonly action: Action
}

const MODEL = { name: 'example_model' }
const PROMPT = { name: 'example_prompt' }
const VERSION = { version: '1' }
const KEY = { key: 'example_key' }
const TAG = { ...KEY, value: 'example_value' }
const TAGS = { tags: { example_key: 'example_value' } }
const ALIAS = { alias: 'example_alias' }

/** Each event there is, with the `data` of a test. */
const EXAMPLES: { readonly [E in Entity]: { readonly [A in Action]?: object } } = {
  registered_model: { created: { ...MODEL, ...TAGS, description: 'An example registered model' } },
  model_version: {
    created: {
      ...MODEL,
      ...VERSION,
      source: 'models:/123',
      run_id: 'abcd1234abcd5678',
      ...TAGS,
      description: 'An example model version',
    },
  },
  model_version_tag: { set: { ...MODEL, ...VERSION, ...TAG }, deleted: { ...MODEL, ...VERSION, ...KEY } },
  model_version_alias: { created: { ...MODEL, ...ALIAS, ...VERSION }, deleted: { ...MODEL, ...ALIAS } },
  prompt: { created: { ...PROMPT, ...TAGS, description: 'An example prompt' } },
  prompt_version: {
    created: {
      ...PROMPT,
      ...VERSION,
      template: 'Hello {{name}}!',
      ...TAGS,
      description: 'An example prompt version',
    },
  },
  prompt_tag: { set: { ...PROMPT, ...TAG }, deleted: { ...PROMPT, ...KEY } },
  prompt_version_tag: { set: { ...PROMPT, ...VERSION, ...TAG }, deleted: { ...PROMPT, ...VERSION, ...KEY } },
  prompt_alias: { created: { ...PROMPT, ...ALIAS, ...VERSION }, deleted: { ...PROMPT, ...ALIAS } },
  budget_policy: {
    exceeded: {
      budget_policy_id: 'bp-abc123',
      budget_unit: 'USD',
      budget_amount: 100,
      current_spend: 105.5,
      duration_unit: 'MONTHS',
      duration_value: 1,
      target_scope: 'ENDPOINT',
      workspace: 'default',
      target_value: 'ep-abc123',
      window_start: 1704067200000,
    },
  },
}

export function findExample({ entity, action }: WebhookEvent): object | undefined {
  return EXAMPLES[entity][action]
}

export function actionsOf(entity: Entity): string[] {
  return Object.keys(EXAMPLES[entity]).toSorted()
}

/** The body of a delivery. */
export function payloadOf({ entity, action }: WebhookEvent, data: object, now: number): string {
  // Python's spelling of the time.
  const timestamp = new Date(now).toISOString().replace('Z', '000+00:00')
  return JSON.stringify({ entity, action, timestamp, data })
}
