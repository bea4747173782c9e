/** What models and their versions have in common when searched: tags, and the prompts among them. */
import { type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../db/dialect.ts'
import type { Database } from '../db/schema/index.ts'
import { equalsText, type TextTest, textMatches } from '../db/text-match.ts'
import { PROMPT_TAG } from '../store/registered-models.ts'
import type { Comparison } from './grammar.ts'

/** Without the comparisons of the prompt tag unless they ask for prompts: models do not have it. */
export function splitPrompts(comparisons: readonly Comparison[]): {
  prompts: boolean
  rest: Comparison[]
} {
  const isPromptTag = ({ key }: Comparison) => key.kind === 'tag' && key.name === PROMPT_TAG
  const first = comparisons.find(isPromptTag)
  const prompts = first !== undefined && asksForPrompts(first)
  return { prompts, rest: comparisons.filter((one) => prompts || !isPromptTag(one)) }
}

export function modelHasTag(dialect: Dialect, key: string, test: TextTest): Expression<SqlBool> {
  return hasTag(dialect, OF_MODEL, key, test)
}

export function versionHasTag(dialect: Dialect, key: string, test: TextTest): Expression<SqlBool> {
  return hasTag(dialect, OF_VERSION, key, test)
}

export function modelIsPrompt(dialect: Dialect): Expression<SqlBool> {
  return hasTag(dialect, OF_MODEL, PROMPT_TAG, IS_TRUE)
}

/** One version with the tag makes all of its model's a prompt's. */
export function versionIsPrompt(dialect: Dialect): Expression<SqlBool> {
  return hasTag(dialect, { ...OF_VERSION, by: OF_MODEL.by }, PROMPT_TAG, IS_TRUE)
}

/** Whether what is named like this is a prompt: its own tag says so, and a version's own does not. */
export function nameIsOfPrompt(dialect: Dialect, owners: Tags['owners']): Expression<SqlBool> {
  return hasTag(dialect, { ...OF_MODEL, owners }, PROMPT_TAG, { ...IS_TRUE, operator: 'ILIKE' })
}

/** Tags, and which of them are of one row of the table that is searched. */
interface Tags {
  readonly tags: 'registered_model_tags' | 'model_version_tags'
  readonly owners: 'registered_models' | 'model_versions'
  readonly by: readonly ('workspace' | 'name' | 'version')[]
}

const OF_MODEL: Tags = {
  tags: 'registered_model_tags',
  owners: 'registered_models',
  by: ['workspace', 'name'],
}

const OF_VERSION: Tags = {
  tags: 'model_version_tags',
  owners: 'model_versions',
  by: ['workspace', 'name', 'version'],
}

const IS_TRUE = { type: 'text', operator: '=', value: 'true' } as const

function hasTag(
  dialect: Dialect,
  { tags, owners, by }: Tags,
  key: string,
  test: TextTest,
): Expression<SqlBool> {
  const eb = expressionBuilder<Database>()
  const ofOwner = by.map(
    (column) => sql<SqlBool>`${sql.ref(`tag.${column}`)} = ${sql.ref(`${owners}.${column}`)}`,
  )
  // Kysely cannot follow either of two tables; what is read of them here is the same.
  const from = `${tags} as tag` as 'registered_model_tags as tag'
  return eb.exists(
    eb
      .selectFrom(from)
      .select('tag.key')
      .where((tag) => tag.and(ofOwner))
      .where((tag) => equalsText(dialect, tag.ref('tag.key'), key))
      .where((tag) => textMatches(dialect, tag.ref('tag.value'), test)),
  )
}

function asksForPrompts({ test }: Comparison): boolean {
  if (test.type !== 'text') return false
  const value = test.value.toLowerCase()
  return (test.operator === '=' && value === 'true') || (test.operator === '!=' && value === 'false')
}
