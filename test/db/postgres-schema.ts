/**
 * What a PostgreSQL database consists of, read from its own catalogue, so that two can be compared: MLflow's part of
 * it, without the tables of this server's own.
 */
import { query } from '../support/postgres.ts'

const FACTS = {
  columns: `select table_name || '.' || column_name as name, data_type,
      -- A column that a migration dropped leaves a gap in the numbers.
      row_number() over (partition by table_name order by ordinal_position) as place, character_maximum_length,
      is_nullable, column_default, is_identity, identity_generation, is_generated, generation_expression, collation_name
    from information_schema.columns where table_schema = 'public'`,
  constraints: `select conrelid::regclass || '.' || conname as name, contype, pg_get_constraintdef(oid) as definition
    from pg_constraint where connamespace = 'public'::regnamespace
      -- NOT NULL is among the columns; from 18 on it is here too, under names that old migrations have left.
      and contype <> 'n'`,
  indexes: `select indexname as name, indexdef from pg_indexes where schemaname = 'public'`,
  sequences: `select sequencename as name, data_type, start_value, min_value, increment_by, cycle, last_value,
      pg_get_serial_sequence('experiments', 'experiment_id') as of_experiments
    from pg_sequences where schemaname = 'public'`,
  triggers: `select tgname as name, pg_get_triggerdef(oid) as definition from pg_trigger where not tgisinternal`,
  functions: `select proname as name, prosrc, provolatile, prosecdef, prorettype::regtype::text as returns
    from pg_proc where pronamespace = 'public'::regnamespace`,
  others: `select relname as name, relkind from pg_class
    where relnamespace = 'public'::regnamespace and relkind not in ('r', 'i', 'S')`,
} as const

export type Part = keyof typeof FACTS
export const PARTS = Object.keys(FACTS) as Part[]

export type Schema = Record<Part, Record<string, unknown>>

export async function readPostgresSchema(uri: string, wanted = PARTS): Promise<Schema> {
  const parts = wanted.map(async (part) => {
    const rows = (await query(uri, FACTS[part])).filter(({ name }) => !String(name).startsWith('trackyard_'))
    return [part, Object.fromEntries(rows.map(({ name, ...facts }) => [String(name), facts]))]
  })
  return Object.fromEntries(await Promise.all(parts))
}
