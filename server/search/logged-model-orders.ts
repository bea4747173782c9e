/** Orders of logged models as SQL: missing values last in both directions. */
import { type Expression, sql } from 'kysely'
import type { Dialect } from '../db/dialect.ts'
import { equalsText } from '../db/text-match.ts'
import { invalidParameter } from '../errors.ts'
import { isOnDataset, type LoggedModelRow, model } from './logged-model-conditions.ts'
import { checkOrderCount } from './order-by.ts'

export interface LoggedModelOrder {
  readonly field_name: string
  /** @default true */
  readonly ascending?: boolean | undefined
  /** Of a metric, only what was measured on this dataset. */
  readonly dataset_name?: string | undefined
  readonly dataset_digest?: string | undefined
}

type OrderTerm = readonly [Expression<unknown>, 'asc' | 'desc']

/** The newest first where nothing else decides. */
export function loggedModelOrders(
  dialect: Dialect,
  attributes: Readonly<Record<string, keyof LoggedModelRow>>,
  orderBy: readonly LoggedModelOrder[],
): OrderTerm[] {
  checkOrderCount(orderBy)
  const terms = orderBy.flatMap((order): OrderTerm[] => {
    const value = sortValue(dialect, attributes, order)
    return [
      [sql`${value} is null`, 'asc'],
      [value, (order.ascending ?? true) ? 'asc' : 'desc'],
    ]
  })
  const named = orderBy.map(({ field_name }) => attributes[field_name])
  if (!named.includes('creation_timestamp_ms')) {
    terms.push([model().ref('logged_models.creation_timestamp_ms'), 'desc'])
  }
  return [...terms, [model().ref('logged_models.model_id'), 'asc']]
}

function sortValue(
  dialect: Dialect,
  attributes: Readonly<Record<string, keyof LoggedModelRow>>,
  order: LoggedModelOrder,
): Expression<unknown> {
  const dot = order.field_name.indexOf('.')
  if (dot < 0) {
    const column = Object.hasOwn(attributes, order.field_name) ? attributes[order.field_name] : undefined
    if (!column) throw invalidParameter(`Invalid order by field name: ${order.field_name}`)
    return model().ref(`logged_models.${column}`)
  }
  if (order.field_name.slice(0, dot) !== 'metrics') {
    throw invalidParameter(`Invalid order by field name: ${order.field_name}. Only metrics are supported.`)
  }
  return latestMetric(dialect, order.field_name.slice(dot + 1), order)
}

function latestMetric(dialect: Dialect, name: string, { dataset_name, dataset_digest }: LoggedModelOrder) {
  let metric = model()
    .selectFrom('logged_model_metrics as metric')
    .select('metric.metric_value')
    .whereRef('metric.model_id', '=', 'logged_models.model_id')
    .where((eb) => equalsText(dialect, eb.ref('metric.metric_name'), name))
  if (dataset_name) metric = metric.where(isOnDataset(dialect, { dataset_name, dataset_digest }))
  else if (dataset_digest) {
    metric = metric.where((eb) => equalsText(dialect, eb.ref('metric.dataset_digest'), dataset_digest))
  }
  return metric
    .orderBy('metric.metric_timestamp_ms', 'desc')
    .orderBy('metric.metric_step', 'desc')
    .orderBy('metric.run_id')
    .limit(1)
}
