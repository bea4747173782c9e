/** What models and their versions have in common when searched: tags, and the prompts among them. */
import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
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
  const eb = expressionBuilder<Database, 'registered_models'>()
  return eb.exists(
    eb
      .selectFrom('registered_model_tags as tag')
      .select('tag.key')
      .whereRef('tag.workspace', '=', 'registered_models.workspace')
      .whereRef('tag.name', '=', 'registered_models.name')
      .where((tag) => equalsText(dialect, tag.ref('tag.key'), key))
      .where((tag) => textMatches(dialect, tag.ref('tag.value'), test)),
  )
}

export function versionHasTag(dialect: Dialect, key: string, test: TextTest): Expression<SqlBool> {
  const eb = expressionBuilder<Database, 'model_versions'>()
  return eb.exists(
    eb
      .selectFrom('model_version_tags as tag')
      .select('tag.key')
      .whereRef('tag.workspace', '=', 'model_versions.workspace')
      .whereRef('tag.name', '=', 'model_versions.name')
      .whereRef('tag.version', '=', 'model_versions.version')
      .where((tag) => equalsText(dialect, tag.ref('tag.key'), key))
      .where((tag) => textMatches(dialect, tag.ref('tag.value'), test)),
  )
}

export function modelIsPrompt(dialect: Dialect): Expression<SqlBool> {
  return modelHasTag(dialect, PROMPT_TAG, { type: 'text', operator: '=', value: 'true' })
}

/** One version with the tag makes all of its model's a prompt's. */
export function versionIsPrompt(dialect: Dialect): Expression<SqlBool> {
  const eb = expressionBuilder<Database, 'model_versions'>()
  return eb.exists(
    eb
      .selectFrom('model_version_tags as tag')
      .select('tag.key')
      .whereRef('tag.workspace', '=', 'model_versions.workspace')
      .whereRef('tag.name', '=', 'model_versions.name')
      .where((tag) => equalsText(dialect, tag.ref('tag.key'), PROMPT_TAG))
      .where((tag) => equalsText(dialect, tag.ref('tag.value'), 'true')),
  )
}

function asksForPrompts({ test }: Comparison): boolean {
  if (test.type !== 'text') return false
  const value = test.value.toLowerCase()
  return (test.operator === '=' && value === 'true') || (test.operator === '!=' && value === 'false')
}
