/** The schema of users, and the database type Kysely checks queries on it against. */
import type { Row, Table } from '../table.ts'
import * as mlflow from './login.ts'
import * as trackyard from './trackyard-login.ts'

export const { alembicVersionAuth } = mlflow

/** Every table of MLflow's. */
export const LOGIN_TABLES: readonly Table[] = Object.values(mlflow)

/** The tables of this server's own, which stand beside them. */
export const OWN_LOGIN_TABLES: readonly Table[] = Object.values(trackyard)

const NAMES = new Set([...LOGIN_TABLES, ...OWN_LOGIN_TABLES].map(({ name }) => name))

export function isLoginTable(name: string): boolean {
  return NAMES.has(name)
}

type Tables = (typeof mlflow)[keyof typeof mlflow] | (typeof trackyard)[keyof typeof trackyard]

export type LoginDatabase = { [T in Tables as T['name']]: Row<T> }
