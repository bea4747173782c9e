/** The AI gateway and the MCP registry: kept, so that a database goes back to MLflow whole. */
import {
  bigintColumn,
  blobColumn,
  booleanColumn,
  doubleColumn,
  integerColumn,
  jsonColumn,
  nullable,
  onMysql,
  table,
  textColumn,
  varchar,
  withDefault,
} from '../table.ts'

export const secrets = table(
  'secrets',
  {
    secret_id: varchar(36),
    secret_name: varchar(255),
    encrypted_value: blobColumn(),
    wrapped_dek: blobColumn(),
    kek_version: integerColumn(),
    masked_value: varchar(500),
    provider: nullable(varchar(64)),
    auth_config: nullable(textColumn()),
    description: nullable(textColumn()),
    created_by: nullable(varchar(255)),
    created_at: bigintColumn(),
    last_updated_by: nullable(varchar(255)),
    last_updated_at: bigintColumn(),
    workspace: withDefault(varchar(63), "'default'"),
  },
  {
    primaryKey: { name: 'secrets_pk', columns: ['secret_id'] },
    unique: [{ name: 'uq_secrets_workspace_secret_name', columns: ['workspace', 'secret_name'] }],
    indexes: [{ name: 'idx_secrets_workspace', columns: ['workspace'] }],
  },
)

export const modelDefinitions = table(
  'model_definitions',
  {
    model_definition_id: varchar(36),
    name: varchar(255),
    secret_id: nullable(varchar(36)),
    provider: varchar(64),
    model_name: varchar(256),
    created_by: nullable(varchar(255)),
    created_at: bigintColumn(),
    last_updated_by: nullable(varchar(255)),
    last_updated_at: bigintColumn(),
    workspace: withDefault(varchar(63), "'default'"),
  },
  {
    primaryKey: { name: 'model_definitions_pk', columns: ['model_definition_id'] },
    unique: [{ name: 'uq_model_definitions_workspace_name', columns: ['workspace', 'name'] }],
    foreignKeys: [
      {
        name: 'fk_model_definitions_secret_id',
        columns: ['secret_id'],
        references: { table: 'secrets', columns: ['secret_id'] },
        onDelete: 'set null',
      },
    ],
    indexes: [
      { name: 'index_model_definitions_provider', columns: ['provider'] },
      { name: 'index_model_definitions_secret_id', columns: ['secret_id'] },
      { name: 'idx_model_definitions_workspace', columns: ['workspace'] },
    ],
  },
)

export const endpoints = table(
  'endpoints',
  {
    endpoint_id: varchar(36),
    name: nullable(varchar(255)),
    created_by: nullable(varchar(255)),
    created_at: bigintColumn(),
    last_updated_by: nullable(varchar(255)),
    last_updated_at: bigintColumn(),
    routing_strategy: nullable(varchar(64)),
    fallback_config_json: nullable(textColumn()),
    experiment_id: nullable(integerColumn()),
    usage_tracking: withDefault(booleanColumn(), "'0'"),
    workspace: withDefault(varchar(63), "'default'"),
  },
  {
    primaryKey: { name: 'endpoints_pk', columns: ['endpoint_id'] },
    unique: [{ name: 'uq_endpoints_workspace_name', columns: ['workspace', 'name'] }],
    foreignKeys: [
      {
        name: 'fk_endpoints_experiment_id',
        columns: ['experiment_id'],
        references: { table: 'experiments', columns: ['experiment_id'] },
        onDelete: 'set null',
      },
    ],
    indexes: [{ name: 'idx_endpoints_workspace', columns: ['workspace'] }],
  },
)

export const endpointModelMappings = table(
  'endpoint_model_mappings',
  {
    mapping_id: varchar(36),
    endpoint_id: varchar(36),
    model_definition_id: varchar(36),
    weight: onMysql({ type: 'FLOAT' }, doubleColumn()),
    created_by: nullable(varchar(255)),
    created_at: bigintColumn(),
    linkage_type: withDefault(varchar(64), "'PRIMARY'"),
    fallback_order: nullable(integerColumn()),
  },
  {
    primaryKey: { name: 'endpoint_model_mappings_pk', columns: ['mapping_id'] },
    foreignKeys: [
      {
        name: 'fk_endpoint_model_mappings_endpoint_id',
        columns: ['endpoint_id'],
        references: { table: 'endpoints', columns: ['endpoint_id'] },
        onDelete: 'cascade',
      },
      {
        name: 'fk_endpoint_model_mappings_model_definition_id',
        columns: ['model_definition_id'],
        references: { table: 'model_definitions', columns: ['model_definition_id'] },
      },
    ],
    indexes: [
      { name: 'index_endpoint_model_mappings_endpoint_id', columns: ['endpoint_id'] },
      { name: 'index_endpoint_model_mappings_model_definition_id', columns: ['model_definition_id'] },
      {
        name: 'unique_endpoint_model_linkage_mapping',
        columns: ['endpoint_id', 'model_definition_id', 'linkage_type'],
        unique: true,
      },
    ],
  },
)

export const endpointBindings = table(
  'endpoint_bindings',
  {
    endpoint_id: varchar(36),
    resource_type: varchar(50),
    resource_id: varchar(255),
    created_at: bigintColumn(),
    created_by: nullable(varchar(255)),
    last_updated_at: bigintColumn(),
    last_updated_by: nullable(varchar(255)),
    display_name: nullable(varchar(255)),
  },
  {
    primaryKey: { name: 'endpoint_bindings_pk', columns: ['endpoint_id', 'resource_type', 'resource_id'] },
    foreignKeys: [
      {
        name: 'fk_endpoint_bindings_endpoint_id',
        columns: ['endpoint_id'],
        references: { table: 'endpoints', columns: ['endpoint_id'] },
        onDelete: 'cascade',
      },
    ],
  },
)

export const endpointTags = table(
  'endpoint_tags',
  {
    key: varchar(250),
    value: nullable(varchar(5000)),
    endpoint_id: varchar(36),
  },
  {
    primaryKey: { name: 'endpoint_tag_pk', columns: ['key', 'endpoint_id'] },
    foreignKeys: [
      {
        name: 'fk_endpoint_tags_endpoint_id',
        columns: ['endpoint_id'],
        references: { table: 'endpoints', columns: ['endpoint_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [{ name: 'index_endpoint_tags_endpoint_id', columns: ['endpoint_id'] }],
  },
)

export const budgetPolicies = table(
  'budget_policies',
  {
    budget_policy_id: varchar(36),
    budget_unit: varchar(32),
    budget_amount: onMysql({ type: 'FLOAT' }, doubleColumn()),
    duration_unit: varchar(32),
    duration_value: integerColumn(),
    target_scope: varchar(32),
    budget_action: varchar(32),
    created_by: nullable(varchar(255)),
    created_at: bigintColumn(),
    last_updated_by: nullable(varchar(255)),
    last_updated_at: bigintColumn(),
    workspace: withDefault(varchar(63), "'default'"),
    target_value: nullable(varchar(255)),
  },
  {
    primaryKey: { name: 'budget_policies_pk', columns: ['budget_policy_id'] },
    indexes: [
      { name: 'idx_budget_policies_workspace', columns: ['workspace'] },
      { name: 'idx_budget_policies_target_value', columns: ['target_value'] },
    ],
  },
)

export const guardrails = table(
  'guardrails',
  {
    guardrail_id: varchar(36),
    name: varchar(255),
    scorer_id: varchar(36),
    scorer_version: integerColumn(),
    stage: varchar(32),
    action: varchar(32),
    action_endpoint_id: nullable(varchar(36)),
    created_by: nullable(varchar(255)),
    created_at: bigintColumn(),
    last_updated_by: nullable(varchar(255)),
    last_updated_at: bigintColumn(),
    workspace: withDefault(varchar(63), "'default'"),
  },
  {
    primaryKey: { name: 'guardrails_pk', columns: ['guardrail_id'] },
    foreignKeys: [
      {
        name: 'fk_guardrails_scorer_version',
        columns: ['scorer_id', 'scorer_version'],
        references: { table: 'scorer_versions', columns: ['scorer_id', 'scorer_version'] },
      },
      {
        name: 'fk_guardrails_action_endpoint_id',
        columns: ['action_endpoint_id'],
        references: { table: 'endpoints', columns: ['endpoint_id'] },
        onDelete: 'set null',
      },
    ],
    indexes: [
      { name: 'idx_guardrails_workspace', columns: ['workspace'] },
      { name: 'idx_guardrails_scorer', columns: ['scorer_id', 'scorer_version'] },
    ],
  },
)

export const guardrailConfigs = table(
  'guardrail_configs',
  {
    endpoint_id: varchar(36),
    guardrail_id: varchar(36),
    execution_order: nullable(integerColumn()),
    created_by: nullable(varchar(255)),
    created_at: bigintColumn(),
    workspace: withDefault(varchar(63), "'default'"),
  },
  {
    primaryKey: { name: 'guardrail_configs_pk', columns: ['endpoint_id', 'guardrail_id'] },
    foreignKeys: [
      {
        name: 'fk_guardrail_configs_endpoint_id',
        columns: ['endpoint_id'],
        references: { table: 'endpoints', columns: ['endpoint_id'] },
        onDelete: 'cascade',
      },
      {
        name: 'fk_guardrail_configs_guardrail_id',
        columns: ['guardrail_id'],
        references: { table: 'guardrails', columns: ['guardrail_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [
      { name: 'idx_guardrail_configs_endpoint_id', columns: ['endpoint_id'] },
      { name: 'idx_guardrail_configs_guardrail_id', columns: ['guardrail_id'] },
    ],
  },
)

export const mcpServers = table(
  'mcp_servers',
  {
    workspace: withDefault(varchar(63), "'default'"),
    name: varchar(256),
    display_name: nullable(varchar(256)),
    description: nullable(textColumn()),
    icons: nullable(jsonColumn()),
    created_by: nullable(varchar(256)),
    last_updated_by: nullable(varchar(256)),
    created_at: bigintColumn(),
    last_updated_at: bigintColumn(),
  },
  {
    primaryKey: { name: 'mcp_servers_pk', columns: ['workspace', 'name'] },
  },
)

export const mcpServerVersions = table(
  'mcp_server_versions',
  {
    workspace: withDefault(varchar(63), "'default'"),
    name: varchar(256),
    version: varchar(128),
    version_major: integerColumn(),
    version_minor: integerColumn(),
    version_patch: integerColumn(),
    version_prerelease_sort_key: varchar(512),
    server_json: jsonColumn(),
    status: withDefault(varchar(20), "'draft'"),
    tools: nullable(jsonColumn()),
    source: nullable(varchar(512)),
    connect_options: nullable(jsonColumn()),
    created_by: nullable(varchar(256)),
    last_updated_by: nullable(varchar(256)),
    created_at: bigintColumn(),
    last_updated_at: bigintColumn(),
  },
  {
    primaryKey: { name: 'mcp_server_versions_pk', columns: ['workspace', 'name', 'version'] },
    foreignKeys: [
      {
        name: 'mcp_server_versions_server_fkey',
        columns: ['workspace', 'name'],
        references: { table: 'mcp_servers', columns: ['workspace', 'name'] },
        onDelete: 'cascade',
        onUpdate: 'cascade',
      },
    ],
    indexes: [
      {
        name: 'idx_mcp_server_versions_latest',
        columns: [
          'workspace',
          'name',
          'status',
          'version_major DESC',
          'version_minor DESC',
          'version_patch DESC',
        ],
      },
    ],
  },
)

export const mcpServerTags = table(
  'mcp_server_tags',
  {
    workspace: withDefault(varchar(63), "'default'"),
    name: varchar(256),
    key: varchar(250),
    value: nullable(varchar(5000)),
  },
  {
    primaryKey: { name: 'mcp_server_tags_pk', columns: ['workspace', 'name', 'key'] },
    foreignKeys: [
      {
        name: 'mcp_server_tags_server_fkey',
        columns: ['workspace', 'name'],
        references: { table: 'mcp_servers', columns: ['workspace', 'name'] },
        onDelete: 'cascade',
        onUpdate: 'cascade',
      },
    ],
  },
)

export const mcpServerVersionTags = table(
  'mcp_server_version_tags',
  {
    workspace: withDefault(varchar(63), "'default'"),
    name: varchar(256),
    version: varchar(128),
    key: varchar(250),
    value: nullable(varchar(5000)),
  },
  {
    primaryKey: { name: 'mcp_server_version_tags_pk', columns: ['workspace', 'name', 'version', 'key'] },
    foreignKeys: [
      {
        name: 'mcp_server_version_tags_version_fkey',
        columns: ['workspace', 'name', 'version'],
        references: { table: 'mcp_server_versions', columns: ['workspace', 'name', 'version'] },
        onDelete: 'cascade',
        onUpdate: 'cascade',
      },
    ],
  },
)

export const mcpServerAliases = table(
  'mcp_server_aliases',
  {
    workspace: withDefault(varchar(63), "'default'"),
    name: varchar(256),
    alias: varchar(256),
    version: varchar(128),
  },
  {
    primaryKey: { name: 'mcp_server_aliases_pk', columns: ['workspace', 'name', 'alias'] },
    foreignKeys: [
      {
        name: 'mcp_server_aliases_server_fkey',
        columns: ['workspace', 'name'],
        references: { table: 'mcp_servers', columns: ['workspace', 'name'] },
        onDelete: 'cascade',
        onUpdate: 'cascade',
      },
    ],
  },
)

export const mcpAccessEndpoints = table(
  'mcp_access_endpoints',
  {
    id: varchar(36),
    workspace: withDefault(varchar(63), "'default'"),
    server_name: varchar(256),
    server_version: nullable(varchar(128)),
    server_alias: nullable(varchar(256)),
    url: varchar(2048),
    transport_type: withDefault(varchar(32), "'streamable-http'"),
    created_by: nullable(varchar(256)),
    last_updated_by: nullable(varchar(256)),
    created_at: bigintColumn(),
    last_updated_at: bigintColumn(),
  },
  {
    primaryKey: { name: 'mcp_access_endpoints_pk', columns: ['id'] },
    foreignKeys: [
      {
        name: 'mcp_access_endpoints_server_fkey',
        columns: ['workspace', 'server_name'],
        references: { table: 'mcp_servers', columns: ['workspace', 'name'] },
        onDelete: 'cascade',
        onUpdate: 'cascade',
      },
    ],
    indexes: [
      { name: 'ix_mcp_access_endpoints_server_name', columns: ['workspace', 'server_name'] },
      { name: 'ix_mcp_access_endpoints_version', columns: ['workspace', 'server_name', 'server_version'] },
      { name: 'ix_mcp_access_endpoints_alias', columns: ['workspace', 'server_name', 'server_alias'] },
    ],
  },
)
