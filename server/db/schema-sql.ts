/** The whole schema as statements, in an order in which they run. */
import { createIndexSql, createTableSql } from './ddl.ts'
import type { Dialect } from './dialect.ts'
import { TABLES } from './schema/index.ts'
import { LOGIN_TABLES } from './schema/login-index.ts'
import type { Table } from './table.ts'

export function schemaSql(dialect: Dialect): string[] {
  return [...tablesSql(dialect, referencedFirst(TABLES)), ...secretsTriggerSql(dialect)]
}

export function loginSchemaSql(dialect: Dialect): string[] {
  return tablesSql(dialect, referencedFirst(LOGIN_TABLES))
}

/** Tables as statements, each table after those before it in the list. */
export function tablesSql(dialect: Dialect, tables: readonly Table[]): string[] {
  const made = tables.map((table) => createTableSql(dialect, table))
  // In one statement with its table there: each of MySQL's stands for itself.
  if (dialect === 'mysql') return made
  return [
    ...made,
    ...tables.flatMap((table) => (table.indexes ?? []).map((index) => createIndexSql(dialect, table, index))),
  ]
}

const IMMUTABLE = 'secret_id and secret_name are immutable (used as AAD in encryption)'
const CHANGED = 'OLD.secret_id != NEW.secret_id OR OLD.secret_name != NEW.secret_name'

/** A secret's id and name are part of what its encryption authenticates, so MLflow lets nobody change them. */
function secretsTriggerSql(dialect: Dialect): string[] {
  const trigger = 'CREATE TRIGGER prevent_secrets_aad_mutation BEFORE UPDATE ON secrets FOR EACH ROW'
  switch (dialect) {
    case 'mysql':
      return [
        'DROP TRIGGER IF EXISTS prevent_secrets_aad_mutation',
        `${trigger}
BEGIN
    IF ${CHANGED} THEN
        SIGNAL SQLSTATE '45000'
        SET MESSAGE_TEXT = '${IMMUTABLE}';
    END IF;
END`,
      ]
    case 'sqlite':
      return [`${trigger}\nWHEN ${CHANGED}\nBEGIN SELECT RAISE(ABORT, '${IMMUTABLE}'); END`]
    case 'postgres':
      return [
        `CREATE FUNCTION prevent_secrets_aad_mutation() RETURNS TRIGGER AS $$
BEGIN
    IF ${CHANGED} THEN
        RAISE EXCEPTION '${IMMUTABLE}';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql`,
        `${trigger} EXECUTE FUNCTION prevent_secrets_aad_mutation()`,
      ]
  }
}

/** A table after those its foreign keys name: SQLite alone takes them in any order. */
function referencedFirst(tables: readonly Table[]): Table[] {
  const ordered = new Set<Table>()
  const started = new Set<Table>()
  const add = (table: Table) => {
    if (started.has(table)) return
    started.add(table)
    for (const key of table.foreignKeys ?? []) {
      const referenced = tables.find((one) => one.name === key.references.table)
      if (referenced) add(referenced)
    }
    ordered.add(table)
  }
  tables.forEach(add)
  return [...ordered]
}
