/** A table's DDL as SQLite has it after MLflow's own migrations: same names, types, defaults and constraints. */
import type { Check, Column, ColumnKind, Constraint, ForeignKey, Index, Table } from './table.ts'

export function createTableSql(table: Table): string {
  const parts = [
    ...Object.entries(table.columns).map(([name, column]) => columnSql(name, column)),
    `${named(table.primaryKey)}PRIMARY KEY (${list(table.primaryKey.columns)})`,
    ...(table.unique ?? []).map((unique) => `${named(unique)}UNIQUE (${list(unique.columns)})`),
    ...(table.foreignKeys ?? []).map(foreignKeySql),
    ...(table.checks ?? []).map(checkSql),
  ]
  return `CREATE TABLE ${quoted(table.name)} (${parts.join(', ')})`
}

export function createIndexSql(table: Table, index: Index): string {
  const columns = index.columns.map((column) =>
    column.endsWith(' DESC') ? `${quoted(column.slice(0, -5))} DESC` : quoted(column),
  )
  return `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ${quoted(index.name)} ON ${quoted(table.name)} (${columns.join(', ')})`
}

function columnSql(name: string, column: Column): string {
  if (column.generated)
    return `${quoted(name)} ${typeSql(column.kind)} GENERATED ALWAYS AS (${column.generated}) STORED`
  const fallback = column.fallback === undefined ? '' : ` DEFAULT ${column.fallback}`
  return `${quoted(name)} ${typeSql(column.kind)}${fallback}${column.nullable ? '' : ' NOT NULL'}`
}

function typeSql(kind: ColumnKind): string {
  switch (kind.type) {
    case 'varchar':
      return `VARCHAR(${kind.length})`
    case 'double':
      return 'FLOAT'
    default:
      return kind.type.toUpperCase()
  }
}

function foreignKeySql(key: ForeignKey): string {
  const onDelete = key.onDelete ? ` ON DELETE ${key.onDelete.toUpperCase()}` : ''
  const onUpdate = key.onUpdate ? ` ON UPDATE ${key.onUpdate.toUpperCase()}` : ''
  const target = `${quoted(key.references.table)} (${list(key.references.columns)})`
  return `${named(key)}FOREIGN KEY (${list(key.columns)}) REFERENCES ${target}${onDelete}${onUpdate}`
}

function checkSql(check: Check): string {
  const values = check.oneOf.map((value) => (typeof value === 'number' ? value : `'${value}'`)).join(', ')
  return `${check.name ? `CONSTRAINT ${quoted(check.name)} ` : ''}CHECK (${quoted(check.column)} IN (${values}))`
}

function named(constraint: Constraint): string {
  return constraint.name ? `CONSTRAINT ${quoted(constraint.name)} ` : ''
}

function list(columns: readonly string[]): string {
  return columns.map(quoted).join(', ')
}

function quoted(name: string): string {
  return `"${name}"`
}
