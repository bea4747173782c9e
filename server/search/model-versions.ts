import { type Expression, expressionBuilder, type Selectable, type SqlBool } from 'kysely'
import type { Access } from '../access/access.ts'
import { type Dialect, dialectOf } from '../db/dialect.ts'
import type { Db } from '../db/index.ts'
import { integerMatches } from '../db/number-match.ts'
import type { Database } from '../db/schema/index.ts'
import { type TextTest, textMatches } from '../db/text-match.ts'
import { invalidParameter } from '../errors.ts'
import { WORKSPACE } from '../store/experiments.ts'
import { type Comparison, type Grammar, type Key, parseFilter } from './grammar.ts'
import { parseOrders, refuseDuplicates } from './order-by.ts'
import { type Page, type Search, toPage } from './page.ts'
import { parsePageToken } from './page-token.ts'
import { splitPrompts, versionHasTag, versionIsPrompt } from './registry-conditions.ts'
import { registryCondition } from './registry-visibility.ts'
import { checkSiblings, OF_RUN, type Sibling } from './siblings.ts'

export type ModelVersionRow = Selectable<Database['model_versions']>

const GRAMMAR: Grammar = {
  prefixes: { attribute: 'attribute', tag: 'tag', tags: 'tag' },
  prefixHint: "Valid entity types are ('attribute', 'tag', 'tags')",
  attributes: { name: 'text', run_id: 'text', source_path: 'text', version_number: 'whole' },
  orderAttributes: ['creation_timestamp', 'last_updated_timestamp', 'name', 'version_number'],
  lists: ['name', 'run_id'],
  nullTests: [],
  anyCase: true,
  quotedAttributes: false,
  quotedNumbers: true,
  looseValues: false,
}

const COLUMNS = {
  name: 'model_versions.name',
  run_id: 'model_versions.run_id',
  source_path: 'model_versions.source',
} as const

const ORDER_COLUMNS = {
  creation_timestamp: 'creation_time',
  last_updated_timestamp: 'last_updated_time',
  name: 'name',
  version_number: 'version',
} as const

const DEFAULT_ORDER = ['last_updated_timestamp DESC', 'name ASC', 'version_number DESC']

/** A deleted version keeps its row, so that its number is not used again. */
const DELETED_STAGE = 'Deleted_Internal'

/**
 * The model versions that pass a filter and the caller may read, in order; a prompt's only when the filter asks for
 * them.
 */
export async function searchModelVersions(
  db: Db,
  { filter, orderBy, maxResults, pageToken }: Search,
  access: Access,
): Promise<Page<ModelVersionRow>> {
  const dialect = dialectOf(db)
  const { prompts, rest } = splitPrompts(parseFilter(GRAMMAR, filter))
  checkSiblings(access, versionSibling, rest)
  const orders = parseVersionOrders(orderBy.length > 0 ? orderBy : DEFAULT_ORDER)
  const offset = parsePageToken(pageToken)
  let query = db
    .selectFrom('model_versions')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('current_stage', '!=', DELETED_STAGE)
    .where((eb) => eb.and(rest.map((one) => toCondition(dialect, one))))
  if (!prompts) query = query.where((eb) => eb.not(versionIsPrompt(dialect)))
  const isSeen = registryCondition(dialect, 'model_versions', access)
  if (isSeen) query = query.where(isSeen)
  for (const { column, ascending } of orders) query = query.orderBy(column, ascending ? 'asc' : 'desc')
  const rows = await query
    .orderBy('name')
    .orderBy('version', 'desc')
    .limit(maxResults + 1)
    .offset(offset)
    .execute()
  return toPage(rows, offset, maxResults)
}

function toCondition(dialect: Dialect, { key, test }: Comparison): Expression<SqlBool> {
  const eb = expressionBuilder<Database, 'model_versions'>()
  if (test.type === 'number') return integerMatches(dialect, eb.ref('model_versions.version'), test)
  if (key.kind === 'tag') return versionHasTag(dialect, key.name, test as TextTest)
  return textMatches(dialect, eb.ref(COLUMNS[key.name as keyof typeof COLUMNS]), test as TextTest)
}

/** What a comparison of a version tells of. */
function versionSibling({ kind, name }: Key): Sibling | undefined {
  return kind === 'attribute' && name === 'run_id' ? OF_RUN : undefined
}

function parseVersionOrders(orderBy: readonly string[]) {
  const orders = parseOrders(GRAMMAR, orderBy).map(({ key, ascending }) => {
    if (!Object.hasOwn(ORDER_COLUMNS, key.name)) {
      throw invalidParameter(`Invalid order by key '${key.name}' specified.`)
    }
    return { column: ORDER_COLUMNS[key.name as keyof typeof ORDER_COLUMNS], ascending }
  })
  refuseDuplicates(
    orders.map(({ column }) => column),
    orderBy,
  )
  return orders
}
