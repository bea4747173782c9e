/** Comparisons of runs as SQL: each EXISTS below finds its row by the primary key. */

import { type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../db/dialect.ts'
import { integerMatches, type NumberTest, numberMatches } from '../db/number-match.ts'
import type { Database } from '../db/schema/index.ts'
import { equalsText, type TextTest, textMatches } from '../db/text-match.ts'
import { RUN_NAME_TAG } from '../store/runs.ts'
import type { Comparison } from './grammar.ts'

export const RUN_COLUMNS = {
  artifact_uri: 'runs.artifact_uri',
  end_time: 'runs.end_time',
  run_id: 'runs.run_uuid',
  run_name: 'runs.name',
  start_time: 'runs.start_time',
  status: 'runs.status',
  user_id: 'runs.user_id',
} as const

export type RunAttribute = keyof typeof RUN_COLUMNS

type NumberAttribute = 'start_time' | 'end_time'

const DATASET_CONTEXT = 'mlflow.data.context'

const run = () => expressionBuilder<Database, 'runs'>()

export function runCondition(dialect: Dialect, { key, test }: Comparison): Expression<SqlBool> {
  if (test.type === 'null') {
    const found = run().exists(loggedText(dialect, key.kind === 'tag' ? 'tags' : 'params', key.name))
    return test.operator === 'IS NULL' ? run().not(found) : found
  }
  if (test.type === 'number') {
    if (key.kind === 'metric') return hasMetric(dialect, key.name, test)
    return integerMatches(dialect, run().ref(RUN_COLUMNS[key.name as NumberAttribute]), test)
  }
  if (key.kind === 'dataset') return hasDataset(dialect, key.name, test)
  if (key.kind !== 'attribute')
    return hasText(dialect, key.kind === 'tag' ? 'tags' : 'params', key.name, test)
  // Runs logged before MLflow 1.30 have their name in the tag only.
  if (key.name === 'run_name') return hasText(dialect, 'tags', RUN_NAME_TAG, test)
  const column = RUN_COLUMNS[key.name as Exclude<RunAttribute, NumberAttribute>]
  return textMatches(dialect, run().ref(column), test)
}

/** The tag or param of a run with this key. */
function loggedText(dialect: Dialect, table: 'tags' | 'params', key: string) {
  return run()
    .selectFrom(`${table} as logged` as 'tags as logged')
    .select('logged.key')
    .whereRef('logged.run_uuid', '=', 'runs.run_uuid')
    .where((eb) => equalsText(dialect, eb.ref('logged.key'), key))
}

function hasText(
  dialect: Dialect,
  table: 'tags' | 'params',
  key: string,
  test: TextTest,
): Expression<SqlBool> {
  return run().exists(
    loggedText(dialect, table, key).where((eb) => textMatches(dialect, eb.ref('logged.value'), test)),
  )
}

/** NaN is stored as 0 with a mark: it differs from every number and compares with none. */
function hasMetric(dialect: Dialect, key: string, test: NumberTest): Expression<SqlBool> {
  return run().exists(
    run()
      .selectFrom('latest_metrics as logged')
      .select('logged.key')
      .whereRef('logged.run_uuid', '=', 'runs.run_uuid')
      .where((eb) => equalsText(dialect, eb.ref('logged.key'), key))
      .where((eb) => {
        const matches = numberMatches(dialect, eb.ref('logged.value'), test)
        return test.operator === '!='
          ? eb.or([matches, eb('logged.is_nan', '=', sql<boolean>`true`)])
          : eb.and([matches, eb('logged.is_nan', '=', sql<boolean>`false`)])
      }),
  )
}

function hasDataset(dialect: Dialect, key: string, test: TextTest): Expression<SqlBool> {
  const inputs = run()
    .selectFrom('inputs')
    .innerJoin('datasets', 'datasets.dataset_uuid', 'inputs.source_id')
    .select('inputs.input_uuid')
    .whereRef('inputs.destination_id', '=', 'runs.run_uuid')
    .where('inputs.destination_type', '=', 'RUN')
    .where('inputs.source_type', '=', 'DATASET')
  if (key !== 'context') {
    return run().exists(
      inputs.where((eb) => textMatches(dialect, eb.ref(`datasets.${key as 'name' | 'digest'}`), test)),
    )
  }
  return run().exists(
    inputs
      .innerJoin('input_tags', 'input_tags.input_uuid', 'inputs.input_uuid')
      .where('input_tags.name', '=', DATASET_CONTEXT)
      .where((eb) => textMatches(dialect, eb.ref('input_tags.value'), test)),
  )
}
