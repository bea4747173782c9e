import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
import type { Access } from '../access/access.ts'
import { type Dialect, dialectOf } from '../db/dialect.ts'
import type { Db } from '../db/index.ts'
import type { Database } from '../db/schema/index.ts'
import { type TextTest, textMatches } from '../db/text-match.ts'
import { invalidParameter } from '../errors.ts'
import { WORKSPACE } from '../store/experiments.ts'
import { type Comparison, type Grammar, parseFilter } from './grammar.ts'
import { checkOrderCount, parseDirection, refuseDuplicates } from './order-by.ts'
import { type Search, toPage } from './page.ts'
import { parsePageToken } from './page-token.ts'
import { modelHasTag, modelIsPrompt, splitPrompts } from './registry-conditions.ts'
import { registryCondition } from './registry-visibility.ts'

const GRAMMAR: Grammar = {
  prefixes: { attribute: 'attribute', tag: 'tag', tags: 'tag' },
  prefixHint: "Valid entity types are ('attribute', 'tag', 'tags')",
  attributes: { name: 'text' },
  orderAttributes: [],
  lists: ['name'],
  nullTests: [],
  anyCase: true,
  quotedAttributes: false,
  looseValues: false,
}

/** MLflow calls the time of the last change plain `timestamp` here. */
const ORDER_COLUMNS = {
  name: 'name',
  timestamp: 'last_updated_time',
  last_updated_timestamp: 'last_updated_time',
} as const

/**
 * The names of the registered models that pass a filter and the caller may read, in order; prompts only when the
 * filter asks for them.
 */
export async function searchRegisteredModels(
  db: Db,
  { filter, orderBy, maxResults, pageToken }: Search,
  access: Access,
): Promise<{ names: string[]; nextPageToken?: string }> {
  const dialect = dialectOf(db)
  const { prompts, rest } = splitPrompts(parseFilter(GRAMMAR, filter))
  const orders = parseModelOrders(orderBy)
  const offset = parsePageToken(pageToken)
  let query = db
    .selectFrom('registered_models')
    .select('name')
    .where('workspace', '=', WORKSPACE)
    .where((eb) => eb.and(rest.map((one) => toCondition(dialect, one))))
  if (!prompts) query = query.where((eb) => eb.not(modelIsPrompt(dialect)))
  const isSeen = registryCondition(dialect, 'registered_models', access)
  if (isSeen) query = query.where(isSeen)
  for (const { column, ascending } of orders) query = query.orderBy(column, ascending ? 'asc' : 'desc')
  const found = await query
    .orderBy('name')
    .limit(maxResults + 1)
    .offset(offset)
    .execute()
  const { rows, ...next } = toPage(found, offset, maxResults)
  return { names: rows.map((row) => row.name), ...next }
}

function toCondition(dialect: Dialect, { key, test }: Comparison): Expression<SqlBool> {
  if (key.kind === 'tag') return modelHasTag(dialect, key.name, test as TextTest)
  const name = expressionBuilder<Database, 'registered_models'>().ref('registered_models.name')
  return textMatches(dialect, name, test as TextTest)
}

function parseModelOrders(orderBy: readonly string[]) {
  checkOrderCount(orderBy)
  const orders = orderBy.map((clause) => {
    const { text, ascending } = parseDirection(clause)
    if (!Object.hasOwn(ORDER_COLUMNS, text)) {
      throw invalidParameter(
        `Invalid order by key '${text}' specified. Valid keys are '['name', 'timestamp']'`,
      )
    }
    return { column: ORDER_COLUMNS[text as keyof typeof ORDER_COLUMNS], ascending }
  })
  refuseDuplicates(
    orders.map(({ column }) => column),
    orderBy,
  )
  return orders
}
