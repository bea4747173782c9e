/** A table described once: its DDL on every database and the types of its rows both follow from this. */
import type { ColumnType } from 'kysely'
import type { Int64 } from '../wire.ts'

export type ColumnKind =
  | { readonly type: 'varchar'; readonly length: number }
  | { readonly type: 'text' | 'integer' | 'bigint' | 'double' | 'boolean' | 'json' | 'blob' | 'date' }

export interface Column<Select = unknown, Insert = unknown> {
  readonly kind: ColumnKind
  readonly nullable: boolean
  /** The default, as SQL on every database. */
  readonly fallback?: string
  /** The expression of a stored generated column. */
  readonly generated?: string
  /** How MLflow has PostgreSQL count it up: older tables have a sequence, newer ones an identity of 64 bits. */
  readonly counted?: 'serial' | 'identity'
  /** What MLflow's migrations made of it on MySQL, where that differs. */
  readonly mysql?: { readonly type?: string; readonly nullable?: true }
  /** Carries the types only; never there at run time. */
  readonly types?: { select: Select; insert: Insert }
}

export interface Constraint {
  /** Absent where MLflow left the constraint unnamed. */
  readonly name?: string
  readonly columns: readonly string[]
}

export interface ForeignKey extends Constraint {
  readonly references: { readonly table: string; readonly columns: readonly string[] }
  readonly onDelete?: 'cascade' | 'set null'
  readonly onUpdate?: 'cascade'
  /** The name on MySQL, where each stands once in a database. */
  readonly mysqlName?: string
}

export interface Check {
  readonly name?: string
  readonly column: string
  readonly oneOf: readonly (string | number)[]
}

export interface Index {
  readonly name: string
  /** A column's name, followed by ` DESC` where it sorts downwards. */
  readonly columns: readonly string[]
  readonly unique?: boolean
  /** How much of a column's beginning MySQL keeps, whose keys may not be longer. */
  readonly mysqlLengths?: Readonly<Record<string, number>>
  /** What PostgreSQL has besides: columns that are only kept, and the rows that are. */
  readonly postgres?: { readonly include: readonly string[]; readonly where: string }
}

export interface Keys {
  readonly primaryKey: Constraint
  readonly unique?: readonly Constraint[]
  readonly foreignKeys?: readonly ForeignKey[]
  readonly checks?: readonly Check[]
  readonly indexes?: readonly Index[]
  /** What MLflow's migrations left behind on MySQL besides. */
  readonly mysql?: { readonly checks?: readonly Check[]; readonly indexes?: readonly Index[] }
}

type Columns = Record<string, Column>

export interface Table<Name extends string = string, C extends Columns = Columns> extends Keys {
  readonly name: Name
  readonly columns: C
}

export function table<const Name extends string, C extends Columns>(
  name: Name,
  columns: C,
  keys: Keys,
): Table<Name, C> {
  return { name, columns, ...keys }
}

/** The row types of a table, as Kysely wants them. */
export type Row<T> =
  T extends Table<string, infer C>
    ? { [K in keyof C]: C[K] extends Column<infer S, infer I> ? ColumnType<S, I, I> : never }
    : never

const column =
  <S, I = S>(kind: ColumnKind) =>
  (): Column<S, I> => ({ kind, nullable: false })

export const varchar = (length: number) => column<string>({ type: 'varchar', length })()
export const textColumn = column<string>({ type: 'text' })
export const integerColumn = column<number>({ type: 'integer' })
/** SQLite, PostgreSQL and MySQL give numbers; a value beyond 2^53 comes as a bigint. */
export const bigintColumn = column<Int64>({ type: 'bigint' })
export const doubleColumn = column<number>({ type: 'double' })
/** Reads as 0 or 1 on SQLite and MySQL, as a boolean on PostgreSQL: test its truth, never its value. */
export const booleanColumn = column<boolean | number, boolean>({ type: 'boolean' })
export const jsonColumn = column<unknown, string>({ type: 'json' })
export const blobColumn = column<Uint8Array>({ type: 'blob' })
export const dateColumn = column<string>({ type: 'date' })

export const nullable = <S, I>(inner: Column<S, I>): Column<S | null, I | null | undefined> => ({
  ...(inner as Column<S | null, I | null | undefined>),
  nullable: true,
})

/** A column that is another one on MySQL. */
export const onMysql = <S, I>(mysql: NonNullable<Column['mysql']>, inner: Column<S, I>): Column<S, I> => ({
  ...inner,
  mysql,
})

/** A column the database fills when an insert leaves it out. `sql` is the default's SQL text. */
export const withDefault = <S, I>(inner: Column<S, I>, sql: string): Column<S, I | undefined> => ({
  ...(inner as Column<S, I | undefined>),
  fallback: sql,
})

/** An integer primary key the database counts up. */
export const serial = (counted: 'serial' | 'identity' = 'serial'): Column<number, number | undefined> => ({
  kind: { type: 'integer' },
  nullable: false,
  counted,
})

/** A stored column computed from `expression`. */
export const generated = <S>(
  inner: Column<S, unknown>,
  expression: string,
): Column<S | null, never | undefined> => ({
  ...(inner as Column<S | null, undefined>),
  nullable: true,
  generated: expression,
})
