/** Comparisons of logged models as SQL. */
import { type Expression, expressionBuilder, type Selectable, type SqlBool } from 'kysely'
import type { Dialect } from '../db/dialect.ts'
import { integerMatches, numberMatches } from '../db/number-match.ts'
import type { Database } from '../db/schema/index.ts'
import { asText, equalsText, type TextTest, textMatches } from '../db/text-match.ts'
import type { Comparison } from './grammar.ts'

export type LoggedModelRow = Selectable<Database['logged_models']>

type Attribute = keyof LoggedModelRow
type NumberAttribute = 'creation_timestamp_ms' | 'last_updated_timestamp_ms'

export interface DatasetFilter {
  readonly dataset_name: string
  /** @default any digest */
  readonly dataset_digest?: string | undefined
}

/** The numbers that stand for a status in the database. */
const STATUSES: Record<string, string> = {
  LOGGED_MODEL_PENDING: '1',
  PENDING: '1',
  LOGGED_MODEL_READY: '2',
  READY: '2',
  LOGGED_MODEL_UPLOAD_FAILED: '3',
  FAILED: '3',
}

export const model = () => expressionBuilder<Database, 'logged_models'>()

export function loggedModelCondition(
  dialect: Dialect,
  { key, test }: Comparison,
  datasets: readonly DatasetFilter[],
): Expression<SqlBool> {
  if (key.kind === 'metric') return model().exists(metricsOf(dialect, key.name, test, datasets))
  if (test.type === 'number') {
    return integerMatches(dialect, model().ref(`logged_models.${key.name as NumberAttribute}`), test)
  }
  const text = test as TextTest
  if (key.kind === 'tag') return hasTag(dialect, key.name, text)
  if (key.kind === 'parameter') return hasParam(dialect, key.name, text)
  return attributeMatches(dialect, key.name as Exclude<Attribute, NumberAttribute>, text)
}

/** Whether a model has any metric on one of the datasets. */
export function hasMetricOnDataset(
  dialect: Dialect,
  datasets: readonly DatasetFilter[],
): Expression<SqlBool> {
  return model().exists(
    model()
      .selectFrom('logged_model_metrics as metric')
      .select('metric.model_id')
      .whereRef('metric.model_id', '=', 'logged_models.model_id')
      .where((eb) => eb.or(datasets.map((dataset) => isOnDataset(dialect, dataset)))),
  )
}

export function isOnDataset(
  dialect: Dialect,
  { dataset_name, dataset_digest }: DatasetFilter,
): Expression<SqlBool> {
  const eb = expressionBuilder<{ metric: Database['logged_model_metrics'] }, 'metric'>()
  const name = equalsText(dialect, eb.ref('metric.dataset_name'), dataset_name)
  if (!dataset_digest) return name
  return eb.and([name, equalsText(dialect, eb.ref('metric.dataset_digest'), dataset_digest)])
}

function metricsOf(
  dialect: Dialect,
  name: string,
  test: Comparison['test'],
  datasets: readonly DatasetFilter[],
) {
  const metrics = model()
    .selectFrom('logged_model_metrics as metric')
    .select('metric.model_id')
    .whereRef('metric.model_id', '=', 'logged_models.model_id')
    .where((eb) => equalsText(dialect, eb.ref('metric.metric_name'), name))
    .where((eb) =>
      test.type === 'number' ? numberMatches(dialect, eb.ref('metric.metric_value'), test) : eb.lit(true),
    )
  if (datasets.length === 0) return metrics
  return metrics.where((eb) => eb.or(datasets.map((dataset) => isOnDataset(dialect, dataset))))
}

function hasTag(dialect: Dialect, key: string, test: TextTest): Expression<SqlBool> {
  return model().exists(
    model()
      .selectFrom('logged_model_tags as tag')
      .select('tag.model_id')
      .whereRef('tag.model_id', '=', 'logged_models.model_id')
      .where((eb) => equalsText(dialect, eb.ref('tag.tag_key'), key))
      .where((eb) => textMatches(dialect, eb.ref('tag.tag_value'), test)),
  )
}

function hasParam(dialect: Dialect, key: string, test: TextTest): Expression<SqlBool> {
  return model().exists(
    model()
      .selectFrom('logged_model_params as param')
      .select('param.model_id')
      .whereRef('param.model_id', '=', 'logged_models.model_id')
      .where((eb) => equalsText(dialect, eb.ref('param.param_key'), key))
      .where((eb) => textMatches(dialect, eb.ref('param.param_value'), test)),
  )
}

function attributeMatches(
  dialect: Dialect,
  name: Exclude<Attribute, NumberAttribute>,
  test: TextTest,
): Expression<SqlBool> {
  if (name === 'status')
    return textMatches(dialect, asText(dialect, model().ref('logged_models.status')), inNumbers(test))
  if (name === 'experiment_id') {
    return textMatches(dialect, asText(dialect, model().ref('logged_models.experiment_id')), test)
  }
  return textMatches(dialect, model().ref(`logged_models.${name}`), test)
}

function inNumbers(test: TextTest): TextTest {
  const number = (value: string) => STATUSES[value] ?? value
  return test.type === 'list'
    ? { ...test, values: test.values.map(number) }
    : { ...test, value: number(test.value) }
}
