/** The model registry. */
import { bigintColumn, integerColumn, nullable, table, textColumn, varchar, withDefault } from '../table.ts'

export const registeredModels = table(
  'registered_models',
  {
    name: varchar(256),
    creation_time: nullable(bigintColumn()),
    last_updated_time: nullable(bigintColumn()),
    description: nullable(varchar(5000)),
    workspace: withDefault(varchar(63), "'default'"),
  },
  {
    primaryKey: { name: 'registered_model_pk', columns: ['workspace', 'name'] },
    indexes: [{ name: 'idx_registered_models_workspace', columns: ['workspace'] }],
  },
)

export const registeredModelTags = table(
  'registered_model_tags',
  {
    key: varchar(250),
    value: nullable(varchar(5000)),
    name: varchar(256),
    workspace: withDefault(varchar(63), "'default'"),
  },
  {
    primaryKey: { name: 'registered_model_tag_pk', columns: ['workspace', 'key', 'name'] },
    foreignKeys: [
      {
        name: 'fk_registered_model_tags_registered_models',
        columns: ['workspace', 'name'],
        references: { table: 'registered_models', columns: ['workspace', 'name'] },
        onUpdate: 'cascade',
      },
    ],
    mysql: { indexes: [{ name: 'name', columns: ['name'] }] },
    indexes: [{ name: 'idx_registered_model_tags_workspace_name', columns: ['workspace', 'name'] }],
  },
)

export const registeredModelAliases = table(
  'registered_model_aliases',
  {
    alias: varchar(256),
    version: integerColumn(),
    name: varchar(256),
    workspace: withDefault(varchar(63), "'default'"),
  },
  {
    primaryKey: { name: 'registered_model_alias_pk', columns: ['workspace', 'name', 'alias'] },
    foreignKeys: [
      {
        name: 'fk_registered_model_aliases_registered_models',
        columns: ['workspace', 'name'],
        references: { table: 'registered_models', columns: ['workspace', 'name'] },
        onDelete: 'cascade',
        onUpdate: 'cascade',
      },
    ],
  },
)

export const modelVersions = table(
  'model_versions',
  {
    name: varchar(256),
    version: integerColumn(),
    creation_time: nullable(bigintColumn()),
    last_updated_time: nullable(bigintColumn()),
    description: nullable(varchar(5000)),
    user_id: nullable(varchar(256)),
    current_stage: nullable(varchar(20)),
    source: nullable(varchar(500)),
    run_id: nullable(varchar(32)),
    status: nullable(varchar(20)),
    status_message: nullable(varchar(500)),
    run_link: nullable(varchar(500)),
    storage_location: nullable(varchar(500)),
    workspace: withDefault(varchar(63), "'default'"),
  },
  {
    primaryKey: { name: 'model_version_pk', columns: ['workspace', 'name', 'version'] },
    foreignKeys: [
      {
        name: 'fk_model_versions_registered_models',
        columns: ['workspace', 'name'],
        references: { table: 'registered_models', columns: ['workspace', 'name'] },
        onUpdate: 'cascade',
      },
    ],
  },
)

export const modelVersionTags = table(
  'model_version_tags',
  {
    key: varchar(250),
    value: nullable(textColumn()),
    name: varchar(256),
    version: integerColumn(),
    workspace: withDefault(varchar(63), "'default'"),
  },
  {
    primaryKey: { name: 'model_version_tag_pk', columns: ['workspace', 'key', 'name', 'version'] },
    foreignKeys: [
      {
        name: 'fk_model_version_tags_model_versions',
        columns: ['workspace', 'name', 'version'],
        references: { table: 'model_versions', columns: ['workspace', 'name', 'version'] },
        onUpdate: 'cascade',
      },
    ],
    mysql: { indexes: [{ name: 'name', columns: ['name', 'version'] }] },
    indexes: [
      { name: 'idx_model_version_tags_workspace_name_version', columns: ['workspace', 'name', 'version'] },
    ],
  },
)
