import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
import { type Access, visible } from '../access/access.ts'
import { type Dialect, dialectOf } from '../db/dialect.ts'
import type { Db } from '../db/index.ts'
import { integerMatches, isOneOf } from '../db/number-match.ts'
import type { Database } from '../db/schema/index.ts'
import { equalsText, type TextTest, textMatches } from '../db/text-match.ts'
import { isSeenId } from '../db/visible.ts'
import { invalidParameter } from '../errors.ts'
import { type Experiment, withExperimentTags } from '../store/experiments.ts'
import { type Comparison, type Grammar, parseFilter } from './grammar.ts'
import { parseOrders } from './order-by.ts'
import { type Page, type Search, toPage } from './page.ts'
import { parsePageToken } from './page-token.ts'
import { toId } from './values.ts'
import { STAGES_BY_VIEW, type ViewType } from './view-type.ts'

export interface ExperimentSearch extends Search {
  readonly viewType: ViewType
}

const GRAMMAR: Grammar = {
  prefixes: { attribute: 'attribute', tag: 'tag', tags: 'tag' },
  prefixHint: "Valid entity types are ('attribute', 'tag', 'tags')",
  attributes: { creation_time: 'whole', experiment_id: 'id', last_update_time: 'whole', name: 'text' },
  orderAttributes: ['creation_time', 'experiment_id', 'last_update_time', 'name'],
  lists: ['experiment_id'],
  nullTests: ['tag'],
  anyCase: false,
  quotedAttributes: true,
  looseValues: false,
}

const DEFAULT_ORDER = ['creation_time DESC', 'experiment_id ASC']

type Attribute = 'creation_time' | 'experiment_id' | 'last_update_time' | 'name'

/** The experiments that pass a filter and the caller may read, in order, with their tags. */
export async function searchExperiments(
  db: Db,
  { filter, viewType, orderBy, maxResults, pageToken }: ExperimentSearch,
  access: Access,
): Promise<Page<Experiment>> {
  const dialect = dialectOf(db)
  const conditions = parseFilter(GRAMMAR, filter).map((one) => toCondition(dialect, one))
  const orders = parseOrders(GRAMMAR, orderBy.length > 0 ? orderBy : DEFAULT_ORDER)
  const offset = parsePageToken(pageToken)
  let query = db
    .selectFrom('experiments')
    .selectAll()
    .where('lifecycle_stage', 'in', STAGES_BY_VIEW[viewType])
    .where((eb) => eb.and(conditions))
  const seen = visible(access, 'experiment')
  if (seen !== 'all') query = query.where((eb) => isSeenId(dialect, eb.ref('experiment_id'), seen))
  for (const { key, ascending } of orders) {
    if (key.kind !== 'attribute') throw invalidParameter(`Invalid order_by entity: ${key.kind}`)
    query = query.orderBy(key.name as Attribute, ascending ? 'asc' : 'desc')
  }
  const rows = await query
    .orderBy('experiment_id', 'desc')
    .limit(maxResults + 1)
    .offset(offset)
    .execute()
  const page = toPage(rows, offset, maxResults)
  return { ...page, rows: await withExperimentTags(db, page.rows) }
}

const experiment = () => expressionBuilder<Database, 'experiments'>()

function toCondition(dialect: Dialect, { key, test }: Comparison): Expression<SqlBool> {
  const eb = experiment()
  if (test.type === 'null') {
    const found = eb.exists(tagOf(dialect, key.name))
    return test.operator === 'IS NULL' ? eb.not(found) : found
  }
  if (test.type === 'number') {
    return integerMatches(dialect, eb.ref(key.name as 'creation_time' | 'last_update_time'), test)
  }
  if (key.kind === 'tag') {
    return eb.exists(
      tagOf(dialect, key.name).where((tag) => textMatches(dialect, tag.ref('experiment_tags.value'), test)),
    )
  }
  return key.name === 'experiment_id'
    ? idMatches(dialect, test)
    : textMatches(dialect, eb.ref('experiments.name'), test)
}

function tagOf(dialect: Dialect, key: string) {
  return experiment()
    .selectFrom('experiment_tags')
    .select('experiment_tags.key')
    .whereRef('experiment_tags.experiment_id', '=', 'experiments.experiment_id')
    .where((eb) => equalsText(dialect, eb.ref('experiment_tags.key'), key))
}

function idMatches(dialect: Dialect, test: TextTest): Expression<SqlBool> {
  const ids = (test.type === 'list' ? test.values : [test.value]).map(toId)
  const found = isOneOf(dialect, experiment().ref('experiments.experiment_id'), ids)
  return test.operator === '=' || test.operator === 'IN' ? found : experiment().not(found)
}
