import type { Compilable } from 'kysely'
import { type Dialect, dialectOf } from './dialect.ts'
import type { Db } from './index.ts'

/** Stands in a query for the value of a call. */
class Parameter {
  readonly position: number

  constructor(position: number) {
    this.position = position
  }
}

/**
 * A query that Kysely builds and compiles once for each kind of database: that takes longer than SQLite needs to
 * answer one for a row. `build` gets a stand-in for each value and may do nothing with it but compare or store it.
 */
export function prepared<Values extends readonly unknown[], Row>(
  build: (db: Db, ...values: Values) => Compilable<Row>,
): (db: Db, ...values: Values) => Promise<Row[]> {
  const stands = Array.from({ length: build.length - 1 }, (_, position) => new Parameter(position))
  const compiled: Partial<Record<Dialect, ReturnType<Compilable<Row>['compile']>>> = {}
  return async (db, ...values) => {
    const dialect = dialectOf(db)
    compiled[dialect] ??= build(db, ...(stands as unknown as Values)).compile()
    const query = compiled[dialect]
    const parameters = query.parameters.map((one) => (one instanceof Parameter ? values[one.position] : one))
    const { rows } = await db.executeQuery<Row>({ ...query, parameters })
    return rows
  }
}
