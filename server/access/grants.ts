/**
 * Grants as MLflow keeps them: a user holds roles, a role holds grants, and a grant gives a level on one resource or on
 * all of a type.
 */

/** From nothing to everything; `DENY` beats whatever else is granted at the same place. */
export const LEVELS = ['DENY', 'NO_PERMISSIONS', 'READ', 'USE', 'EDIT', 'MANAGE'] as const
export type Level = (typeof LEVELS)[number]

/** What a grant may name by its id or name, or all of with `*`. */
export const OWNERS = ['experiment', 'registered_model', 'prompt'] as const
export type Owner = (typeof OWNERS)[number]

/** What an owner holds: a grant on one of these names all of the type, and wins over the grant on the owner. */
export const PARTS_OF = {
  experiment: ['run', 'trace', 'assessment', 'logged_model', 'review_queue', 'scorer', 'scorer_version'],
  registered_model: ['registered_model_version'],
  prompt: ['prompt_version'],
} as const satisfies Record<Owner, readonly string[]>
export type Part = (typeof PARTS_OF)[Owner][number]

export interface Grant {
  readonly resourceType: string
  /** An id or a name, or `*`. */
  readonly pattern: string
  readonly level: Level
}

/** `comment` says something about what one may read, and so writes. */
export type Action = 'read' | 'comment' | 'update' | 'delete' | 'manage'

const LEAST: Record<Action, Level> = {
  read: 'READ',
  comment: 'READ',
  update: 'EDIT',
  delete: 'MANAGE',
  manage: 'MANAGE',
}

export function allows(level: Level, action: Action): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(LEAST[action])
}

export function higher(a: Level, b: Level): Level {
  return LEVELS.indexOf(a) >= LEVELS.indexOf(b) ? a : b
}
