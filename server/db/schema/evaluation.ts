/** Evaluation datasets, scorers, issues and human review. */
import {
  bigintColumn,
  booleanColumn,
  doubleColumn,
  integerColumn,
  jsonColumn,
  nullable,
  table,
  textColumn,
  varchar,
  withDefault,
} from '../table.ts'

export const evaluationDatasets = table(
  'evaluation_datasets',
  {
    dataset_id: varchar(36),
    name: varchar(255),
    schema: nullable(textColumn()),
    profile: nullable(textColumn()),
    digest: nullable(varchar(64)),
    created_time: nullable(bigintColumn()),
    last_update_time: nullable(bigintColumn()),
    created_by: nullable(varchar(255)),
    last_updated_by: nullable(varchar(255)),
    workspace: withDefault(varchar(63), "'default'"),
  },
  {
    primaryKey: { name: 'evaluation_datasets_pk', columns: ['dataset_id'] },
    indexes: [
      { name: 'index_evaluation_datasets_name', columns: ['name'] },
      { name: 'index_evaluation_datasets_created_time', columns: ['created_time'] },
      { name: 'idx_evaluation_datasets_workspace', columns: ['workspace'] },
    ],
  },
)

export const evaluationDatasetTags = table(
  'evaluation_dataset_tags',
  {
    dataset_id: varchar(36),
    key: varchar(255),
    value: nullable(varchar(5000)),
  },
  {
    primaryKey: { name: 'evaluation_dataset_tags_pk', columns: ['dataset_id', 'key'] },
    foreignKeys: [
      {
        name: 'fk_evaluation_dataset_tags_dataset_id',
        columns: ['dataset_id'],
        references: { table: 'evaluation_datasets', columns: ['dataset_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [{ name: 'index_evaluation_dataset_tags_dataset_id', columns: ['dataset_id'] }],
  },
)

export const evaluationDatasetRecords = table(
  'evaluation_dataset_records',
  {
    dataset_record_id: varchar(36),
    dataset_id: varchar(36),
    inputs: jsonColumn(),
    expectations: nullable(jsonColumn()),
    tags: nullable(jsonColumn()),
    source: nullable(jsonColumn()),
    source_id: nullable(varchar(36)),
    source_type: nullable(varchar(255)),
    created_time: nullable(bigintColumn()),
    last_update_time: nullable(bigintColumn()),
    created_by: nullable(varchar(255)),
    last_updated_by: nullable(varchar(255)),
    input_hash: varchar(64),
    outputs: nullable(jsonColumn()),
  },
  {
    primaryKey: { name: 'evaluation_dataset_records_pk', columns: ['dataset_record_id'] },
    unique: [{ name: 'unique_dataset_input', columns: ['dataset_id', 'input_hash'] }],
    foreignKeys: [
      {
        name: 'fk_evaluation_dataset_records_dataset_id',
        columns: ['dataset_id'],
        references: { table: 'evaluation_datasets', columns: ['dataset_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [{ name: 'index_evaluation_dataset_records_dataset_id', columns: ['dataset_id'] }],
  },
)

export const scorers = table(
  'scorers',
  {
    experiment_id: integerColumn(),
    scorer_name: varchar(256),
    scorer_id: varchar(36),
  },
  {
    primaryKey: { name: 'scorer_pk', columns: ['scorer_id'] },
    foreignKeys: [
      {
        name: 'fk_scorers_experiment_id',
        columns: ['experiment_id'],
        references: { table: 'experiments', columns: ['experiment_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [
      {
        name: 'index_scorers_experiment_id_scorer_name',
        columns: ['experiment_id', 'scorer_name'],
        unique: true,
      },
    ],
  },
)

export const scorerVersions = table(
  'scorer_versions',
  {
    scorer_id: varchar(36),
    scorer_version: integerColumn(),
    serialized_scorer: textColumn(),
    creation_time: nullable(bigintColumn()),
  },
  {
    primaryKey: { name: 'scorer_version_pk', columns: ['scorer_id', 'scorer_version'] },
    foreignKeys: [
      {
        name: 'fk_scorer_versions_scorer_id',
        columns: ['scorer_id'],
        references: { table: 'scorers', columns: ['scorer_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [{ name: 'index_scorer_versions_scorer_id', columns: ['scorer_id'] }],
  },
)

export const onlineScoringConfigs = table(
  'online_scoring_configs',
  {
    online_scoring_config_id: varchar(36),
    scorer_id: varchar(36),
    sample_rate: doubleColumn(),
    experiment_id: integerColumn(),
    filter_string: nullable(textColumn()),
  },
  {
    primaryKey: { name: 'online_scoring_config_pk', columns: ['online_scoring_config_id'] },
    foreignKeys: [
      {
        name: 'fk_online_scoring_configs_scorer_id',
        columns: ['scorer_id'],
        references: { table: 'scorers', columns: ['scorer_id'] },
        onDelete: 'cascade',
      },
      {
        name: 'fk_online_scoring_configs_experiment_id',
        columns: ['experiment_id'],
        references: { table: 'experiments', columns: ['experiment_id'] },
      },
    ],
  },
)

export const issues = table(
  'issues',
  {
    issue_id: varchar(36),
    experiment_id: integerColumn(),
    name: varchar(250),
    description: textColumn(),
    status: varchar(50),
    severity: nullable(varchar(50)),
    root_causes: nullable(textColumn()),
    source_run_id: nullable(varchar(32)),
    categories: nullable(textColumn()),
    created_timestamp: bigintColumn(),
    last_updated_timestamp: bigintColumn(),
    created_by: nullable(varchar(255)),
  },
  {
    primaryKey: { name: 'issues_pk', columns: ['issue_id'] },
    foreignKeys: [
      {
        name: 'fk_issues_experiment_id',
        columns: ['experiment_id'],
        references: { table: 'experiments', columns: ['experiment_id'] },
        onDelete: 'cascade',
      },
      {
        name: 'fk_issues_source_run_id',
        columns: ['source_run_id'],
        references: { table: 'runs', columns: ['run_uuid'] },
        onDelete: 'set null',
      },
    ],
    indexes: [
      { name: 'index_issues_experiment_id', columns: ['experiment_id'] },
      { name: 'index_issues_source_run_id', columns: ['source_run_id'] },
      { name: 'index_issues_status', columns: ['status'] },
    ],
  },
)

export const labelSchemas = table(
  'label_schemas',
  {
    schema_id: varchar(36),
    experiment_id: integerColumn(),
    name: varchar(250),
    type: varchar(16),
    instruction: nullable(textColumn()),
    enable_comment: withDefault(booleanColumn(), "'0'"),
    input_type: varchar(32),
    input_config: textColumn(),
    created_by: nullable(varchar(255)),
    created_time: bigintColumn(),
    last_update_time: bigintColumn(),
    is_default: withDefault(booleanColumn(), '0'),
  },
  {
    primaryKey: { name: 'label_schemas_pk', columns: ['schema_id'] },
    unique: [{ name: 'uq_label_schemas_exp_name', columns: ['experiment_id', 'name'] }],
    foreignKeys: [
      {
        name: 'fk_label_schemas_experiment_id',
        columns: ['experiment_id'],
        references: { table: 'experiments', columns: ['experiment_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [{ name: 'index_label_schemas_experiment_id', columns: ['experiment_id'] }],
  },
)

export const reviewQueues = table(
  'review_queues',
  {
    queue_id: varchar(36),
    experiment_id: integerColumn(),
    name: varchar(250),
    queue_type: varchar(16),
    created_by: nullable(varchar(255)),
    creation_time_ms: bigintColumn(),
    last_update_time_ms: bigintColumn(),
    name_key: varchar(250),
  },
  {
    primaryKey: { name: 'review_queues_pk', columns: ['queue_id'] },
    unique: [{ name: 'uq_review_queues_experiment_name_key', columns: ['experiment_id', 'name_key'] }],
    foreignKeys: [
      {
        name: 'fk_review_queues_experiment_id',
        columns: ['experiment_id'],
        references: { table: 'experiments', columns: ['experiment_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [{ name: 'index_review_queues_experiment_id', columns: ['experiment_id'] }],
  },
)

export const reviewQueueUsers = table(
  'review_queue_users',
  {
    queue_id: varchar(36),
    user_id: varchar(250),
  },
  {
    primaryKey: { name: 'review_queue_users_pk', columns: ['queue_id', 'user_id'] },
    foreignKeys: [
      {
        name: 'fk_review_queue_users_queue_id',
        columns: ['queue_id'],
        references: { table: 'review_queues', columns: ['queue_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [{ name: 'index_review_queue_users_user_id', columns: ['user_id'] }],
  },
)

export const reviewQueueItems = table(
  'review_queue_items',
  {
    queue_id: varchar(36),
    item_type: varchar(16),
    item_id: varchar(50),
    status: varchar(16),
    completed_by: nullable(varchar(250)),
    completed_time_ms: nullable(bigintColumn()),
    creation_time_ms: bigintColumn(),
    last_update_time_ms: bigintColumn(),
  },
  {
    primaryKey: { name: 'review_queue_items_pk', columns: ['queue_id', 'item_id'] },
    foreignKeys: [
      {
        name: 'fk_review_queue_items_queue_id',
        columns: ['queue_id'],
        references: { table: 'review_queues', columns: ['queue_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [
      { name: 'index_review_queue_items_queue_id_status', columns: ['queue_id', 'status'] },
      { name: 'index_review_queue_items_item_id', columns: ['item_id'] },
    ],
  },
)

export const reviewQueueLabelSchemas = table(
  'review_queue_label_schemas',
  {
    queue_id: varchar(36),
    schema_id: varchar(36),
  },
  {
    primaryKey: { name: 'review_queue_label_schemas_pk', columns: ['queue_id', 'schema_id'] },
    foreignKeys: [
      {
        name: 'fk_review_queue_label_schemas_queue_id',
        columns: ['queue_id'],
        references: { table: 'review_queues', columns: ['queue_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [{ name: 'index_review_queue_label_schemas_schema_id', columns: ['schema_id'] }],
  },
)
