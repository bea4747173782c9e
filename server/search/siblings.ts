/**
 * What rows name of other things: a trace its run, a version its run, a logged model its registered versions. Who may
 * read the row need not be allowed to read those, and a filter tells of a value without showing it.
 */
import { type Access, deniesPart, type Visible, visible } from '../access/access.ts'
import type { Owner, Part } from '../access/grants.ts'
import { ApiError } from '../errors.ts'
import { VERSIONS_TAG } from '../store/logged-models.ts'
import type { Comparison, Key } from './grammar.ts'

export interface Sibling {
  readonly part: Part
  readonly owner: Owner
}

export const OF_RUN: Sibling = { part: 'run', owner: 'experiment' }
export const OF_LOGGED_MODEL: Sibling = { part: 'logged_model', owner: 'experiment' }
export const OF_ASSESSMENT: Sibling = { part: 'assessment', owner: 'experiment' }
const OF_VERSION: Sibling = { part: 'registered_model_version', owner: 'registered_model' }
const OF_PROMPT: Sibling = { part: 'prompt_version', owner: 'prompt' }

/** The tag of runs, traces and logged models that lists prompts. */
export const LINKED_PROMPTS = 'mlflow.linkedPrompts'

/** What a comparison of a tag tells of. */
export function tagSibling({ kind, name }: Key): Sibling | undefined {
  if (kind !== 'tag') return undefined
  return { [VERSIONS_TAG]: OF_VERSION, [LINKED_PROMPTS]: OF_PROMPT }[name]
}

/**
 * Refuses to select or to order rows by what the caller may not read. What it may read in some places only is compared
 * whole: a pattern would spell out a name, letter by letter.
 * @throws ApiError PERMISSION_DENIED
 */
export function checkSiblings(
  access: Access,
  siblingOf: (key: Key) => Sibling | undefined,
  comparisons: readonly Comparison[],
  orders: readonly { readonly key: Key }[] = [],
): void {
  for (const { key, test } of comparisons)
    check(access, siblingOf(key), isPattern(test) ? 'all' : 'some', key)
  for (const { key } of orders) check(access, siblingOf(key), 'all', key)
}

function check(access: Access, sibling: Sibling | undefined, needed: 'all' | 'some', { name }: Key): void {
  if (!sibling) return
  const { owner, part } = sibling
  const seen: Visible = visible(access, owner, part)
  if (seen === 'all' || (needed === 'some' && !deniesPart(access, part))) return
  throw new ApiError('PERMISSION_DENIED', `Permission denied: '${name}' is not yours to search by.`)
}

function isPattern(test: Comparison['test']): boolean {
  return test.type === 'text' && test.operator.endsWith('LIKE')
}
