/** Which registered models, prompts and versions a caller may read: models and prompts share their tables, not their grants. */
import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
import { type Access, type Visible, visible } from '../access/access.ts'
import type { Dialect } from '../db/dialect.ts'
import type { Database } from '../db/schema/index.ts'
import { isSeenName } from '../db/visible.ts'
import { nameIsOfPrompt } from './registry-conditions.ts'

type Table = 'registered_models' | 'model_versions'

/** Undefined for who sees all. */
export function registryCondition(
  dialect: Dialect,
  table: Table,
  access: Access,
): Expression<SqlBool> | undefined {
  const [models, prompts] =
    table === 'registered_models'
      ? [visible(access, 'registered_model'), visible(access, 'prompt')]
      : [
          visible(access, 'registered_model', 'registered_model_version'),
          visible(access, 'prompt', 'prompt_version'),
        ]
  if (models === 'all' && prompts === 'all') return undefined
  const eb = expressionBuilder<Database, 'registered_models'>()
  const name = eb.ref(`${table}.name` as 'registered_models.name')
  const isSeen = (seen: Visible) => (seen === 'all' ? eb.lit(true) : isSeenName(dialect, name, seen))
  const isPrompt = nameIsOfPrompt(dialect, table)
  const ofItsKind = eb.or([eb.and([eb.not(isPrompt), isSeen(models)]), eb.and([isPrompt, isSeen(prompts)])])
  if (models === 'all' || prompts === 'all' || 'except' in models || 'except' in prompts) return ofItsKind
  // What both lists hold comes first: an index serves it.
  return eb.and([isSeen({ only: models.only.union(prompts.only) }), ofItsKind])
}
