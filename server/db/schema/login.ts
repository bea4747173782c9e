/** MLflow's schema of users and what they may do, at the contract's revision; it may share a database with the tracking schema. */
import {
  booleanColumn,
  integerColumn,
  nullable,
  onMysql,
  serial,
  table,
  varchar,
  withDefault,
} from '../table.ts'

/** Byte for byte and blank for blank, in the words of each of the two. */
const EXACT = 'CHARACTER SET utf8mb4 COLLATE /*!80017 utf8mb4_0900_bin */ /*M! utf8mb4_nopad_bin */'

/** A name, of which MySQL would else take another spelling for the same. MLflow has no such tables there to be like. */
const exactName = (length: number) => onMysql({ type: `VARCHAR(${length}) ${EXACT}` }, varchar(length))

export const alembicVersionAuth = table(
  'alembic_version_auth',
  { version_num: varchar(32) },
  { primaryKey: { name: 'alembic_version_auth_pkc', columns: ['version_num'] } },
)

export const users = table(
  'users',
  {
    id: serial(),
    username: nullable(exactName(255)),
    password_hash: nullable(varchar(255)),
    is_admin: nullable(booleanColumn()),
  },
  { primaryKey: { columns: ['id'] }, unique: [{ columns: ['username'] }] },
)

const ofUser = (name?: string, mysqlName = name) => ({
  ...(name && { name }),
  ...(mysqlName && { mysqlName }),
  columns: ['user_id'],
  references: { table: 'users', columns: ['id'] },
})

const ofRole = { columns: ['role_id'], references: { table: 'roles', columns: ['id'] } }

export const roles = table(
  'roles',
  {
    id: serial(),
    name: exactName(255),
    workspace: varchar(63),
    description: nullable(varchar(1024)),
  },
  {
    primaryKey: { columns: ['id'] },
    unique: [{ name: 'unique_workspace_role_name', columns: ['workspace', 'name'] }],
    indexes: [{ name: 'idx_roles_workspace', columns: ['workspace'] }],
  },
)

export const rolePermissions = table(
  'role_permissions',
  {
    id: serial(),
    role_id: integerColumn(),
    resource_type: varchar(64),
    resource_pattern: exactName(255),
    permission: varchar(255),
  },
  {
    primaryKey: { columns: ['id'] },
    unique: [
      { name: 'unique_role_resource_perm', columns: ['role_id', 'resource_type', 'resource_pattern'] },
    ],
    foreignKeys: [ofRole],
    indexes: [{ name: 'idx_role_permissions_role_id', columns: ['role_id'] }],
  },
)

export const userRoleAssignments = table(
  'user_role_assignments',
  { id: serial(), user_id: integerColumn(), role_id: integerColumn() },
  {
    primaryKey: { columns: ['id'] },
    unique: [{ name: 'unique_user_role', columns: ['user_id', 'role_id'] }],
    foreignKeys: [ofUser(), ofRole],
    indexes: [
      { name: 'idx_user_role_assignments_user_id', columns: ['user_id'] },
      { name: 'idx_user_role_assignments_role_id', columns: ['role_id'] },
    ],
  },
)

// Nobody reads or writes what follows: MLflow keeps it so that one may go back to an older release.

const grantColumns = { user_id: integerColumn(), permission: nullable(varchar(255)) }

export const experimentPermissions = table(
  'experiment_permissions',
  { id: serial(), experiment_id: varchar(255), ...grantColumns },
  {
    primaryKey: { columns: ['id'] },
    unique: [{ name: 'unique_experiment_user', columns: ['experiment_id', 'user_id'] }],
    foreignKeys: [ofUser('fk_user_id')],
  },
)

export const registeredModelPermissions = table(
  'registered_model_permissions',
  { id: serial(), name: varchar(255), ...grantColumns, workspace: withDefault(varchar(63), "'default'") },
  {
    primaryKey: { columns: ['id'] },
    unique: [{ name: 'unique_workspace_name_user', columns: ['workspace', 'name', 'user_id'] }],
    // MySQL takes a name once in a database, which is why MLflow cannot make this table there.
    foreignKeys: [ofUser('fk_user_id', 'fk_registered_model_perm_user_id')],
  },
)

export const scorerPermissions = table(
  'scorer_permissions',
  { id: serial(), experiment_id: varchar(255), scorer_name: varchar(256), ...grantColumns },
  {
    primaryKey: { columns: ['id'] },
    unique: [{ name: 'unique_scorer_user', columns: ['experiment_id', 'scorer_name', 'user_id'] }],
    foreignKeys: [ofUser('fk_scorer_perm_user_id')],
  },
)

export const gatewaySecretPermissions = table(
  'gateway_secret_permissions',
  { id: serial(), secret_id: varchar(255), ...grantColumns },
  {
    primaryKey: { columns: ['id'] },
    unique: [{ name: 'unique_secret_user', columns: ['secret_id', 'user_id'] }],
    foreignKeys: [ofUser('fk_gateway_secret_perm_user_id')],
  },
)

export const gatewayEndpointPermissions = table(
  'gateway_endpoint_permissions',
  { id: serial(), endpoint_id: varchar(255), ...grantColumns },
  {
    primaryKey: { columns: ['id'] },
    unique: [{ name: 'unique_endpoint_user', columns: ['endpoint_id', 'user_id'] }],
    foreignKeys: [ofUser('fk_gateway_endpoint_perm_user_id')],
  },
)

export const gatewayModelDefinitionPermissions = table(
  'gateway_model_definition_permissions',
  { id: serial(), model_definition_id: varchar(255), ...grantColumns },
  {
    primaryKey: { columns: ['id'] },
    unique: [{ name: 'unique_model_def_user', columns: ['model_definition_id', 'user_id'] }],
    foreignKeys: [ofUser('fk_gateway_model_def_perm_user_id')],
  },
)

export const workspacePermissions = table(
  'workspace_permissions',
  { workspace: varchar(63), user_id: integerColumn(), permission: varchar(32) },
  {
    primaryKey: { name: 'workspace_permissions_pk', columns: ['workspace', 'user_id'] },
    foreignKeys: [ofUser()],
    indexes: [
      { name: 'idx_workspace_permissions_user_id', columns: ['user_id'] },
      { name: 'idx_workspace_permissions_workspace', columns: ['workspace'] },
    ],
  },
)
