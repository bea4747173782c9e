/** Experiments, runs and what they log. */
import {
  bigintColumn,
  booleanColumn,
  doubleColumn,
  integerColumn,
  nullable,
  onMysql,
  serial,
  table,
  textColumn,
  varchar,
  withDefault,
} from '../table.ts'

export const experiments = table(
  'experiments',
  {
    experiment_id: serial(),
    name: varchar(256),
    artifact_location: nullable(varchar(256)),
    lifecycle_stage: nullable(varchar(32)),
    creation_time: nullable(bigintColumn()),
    last_update_time: nullable(bigintColumn()),
    workspace: withDefault(varchar(63), "'default'"),
  },
  {
    primaryKey: { name: 'experiment_pk', columns: ['experiment_id'] },
    unique: [{ name: 'uq_experiments_workspace_name', columns: ['workspace', 'name'] }],
    checks: [
      { name: 'experiments_lifecycle_stage', column: 'lifecycle_stage', oneOf: ['active', 'deleted'] },
    ],
    indexes: [
      { name: 'idx_experiments_workspace', columns: ['workspace'] },
      { name: 'idx_experiments_workspace_creation_time', columns: ['workspace', 'creation_time'] },
    ],
  },
)

export const experimentTags = table(
  'experiment_tags',
  {
    key: varchar(250),
    value: nullable(onMysql({ type: 'MEDIUMTEXT' }, textColumn())),
    experiment_id: integerColumn(),
  },
  {
    primaryKey: { name: 'experiment_tag_pk', columns: ['key', 'experiment_id'] },
    foreignKeys: [
      { columns: ['experiment_id'], references: { table: 'experiments', columns: ['experiment_id'] } },
    ],
  },
)

export const runs = table(
  'runs',
  {
    run_uuid: varchar(32),
    name: nullable(varchar(250)),
    source_type: nullable(varchar(20)),
    source_name: nullable(varchar(500)),
    entry_point_name: nullable(varchar(50)),
    user_id: nullable(varchar(256)),
    status: nullable(varchar(9)),
    start_time: nullable(bigintColumn()),
    end_time: nullable(bigintColumn()),
    source_version: nullable(varchar(50)),
    lifecycle_stage: nullable(varchar(20)),
    artifact_uri: nullable(varchar(200)),
    experiment_id: nullable(integerColumn()),
    deleted_time: nullable(bigintColumn()),
  },
  {
    primaryKey: { name: 'run_pk', columns: ['run_uuid'] },
    foreignKeys: [
      { columns: ['experiment_id'], references: { table: 'experiments', columns: ['experiment_id'] } },
    ],
    checks: [
      { name: 'runs_lifecycle_stage', column: 'lifecycle_stage', oneOf: ['active', 'deleted'] },
      {
        name: 'source_type',
        column: 'source_type',
        oneOf: ['NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT'],
      },
      { column: 'status', oneOf: ['SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'] },
    ],
  },
)

export const params = table(
  'params',
  {
    key: varchar(250),
    value: varchar(8000),
    run_uuid: varchar(32),
  },
  {
    primaryKey: { name: 'param_pk', columns: ['key', 'run_uuid'] },
    foreignKeys: [{ columns: ['run_uuid'], references: { table: 'runs', columns: ['run_uuid'] } }],
    indexes: [{ name: 'index_params_run_uuid', columns: ['run_uuid'] }],
  },
)

export const tags = table(
  'tags',
  {
    key: varchar(250),
    value: nullable(varchar(8000)),
    run_uuid: varchar(32),
  },
  {
    primaryKey: { name: 'tag_pk', columns: ['key', 'run_uuid'] },
    foreignKeys: [{ columns: ['run_uuid'], references: { table: 'runs', columns: ['run_uuid'] } }],
    indexes: [{ name: 'index_tags_run_uuid', columns: ['run_uuid'] }],
  },
)

export const metrics = table(
  'metrics',
  {
    key: varchar(250),
    value: doubleColumn(),
    timestamp: bigintColumn(),
    run_uuid: varchar(32),
    step: withDefault(bigintColumn(), "'0'"),
    is_nan: withDefault(booleanColumn(), "'0'"),
  },
  {
    primaryKey: { name: 'metric_pk', columns: ['key', 'timestamp', 'step', 'run_uuid', 'value', 'is_nan'] },
    foreignKeys: [{ columns: ['run_uuid'], references: { table: 'runs', columns: ['run_uuid'] } }],
    checks: [{ column: 'is_nan', oneOf: [0, 1] }],
    mysql: { checks: [{ column: 'is_nan', oneOf: [0, 1] }] },
    indexes: [
      { name: 'index_metrics_run_uuid', columns: ['run_uuid'] },
      { name: 'index_metrics_run_uuid_key_step', columns: ['run_uuid', 'key', 'step'] },
    ],
  },
)

export const latestMetrics = table(
  'latest_metrics',
  {
    key: varchar(250),
    value: doubleColumn(),
    timestamp: nullable(bigintColumn()),
    step: bigintColumn(),
    is_nan: booleanColumn(),
    run_uuid: varchar(32),
  },
  {
    primaryKey: { name: 'latest_metric_pk', columns: ['key', 'run_uuid'] },
    foreignKeys: [{ columns: ['run_uuid'], references: { table: 'runs', columns: ['run_uuid'] } }],
    checks: [{ column: 'is_nan', oneOf: [0, 1] }],
    indexes: [{ name: 'index_latest_metrics_run_uuid', columns: ['run_uuid'] }],
  },
)

export const datasets = table(
  'datasets',
  {
    dataset_uuid: varchar(36),
    experiment_id: integerColumn(),
    name: varchar(500),
    digest: varchar(36),
    dataset_source_type: varchar(36),
    dataset_source: textColumn(),
    dataset_schema: nullable(onMysql({ type: 'MEDIUMTEXT' }, textColumn())),
    dataset_profile: nullable(onMysql({ type: 'MEDIUMTEXT' }, textColumn())),
  },
  {
    primaryKey: { name: 'dataset_pk', columns: ['experiment_id', 'name', 'digest'] },
    foreignKeys: [
      {
        name: 'fk_datasets_experiment_id_experiments',
        columns: ['experiment_id'],
        references: { table: 'experiments', columns: ['experiment_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [
      { name: 'index_datasets_dataset_uuid', columns: ['dataset_uuid'] },
      {
        name: 'index_datasets_experiment_id_dataset_source_type',
        columns: ['experiment_id', 'dataset_source_type'],
      },
    ],
  },
)

export const inputs = table(
  'inputs',
  {
    input_uuid: varchar(36),
    source_type: varchar(36),
    source_id: varchar(36),
    destination_type: varchar(36),
    destination_id: varchar(36),
    step: withDefault(bigintColumn(), "'0'"),
  },
  {
    primaryKey: {
      name: 'inputs_pk',
      columns: ['source_type', 'source_id', 'destination_type', 'destination_id'],
    },
    indexes: [
      {
        name: 'index_inputs_destination_type_destination_id_source_type',
        columns: ['destination_type', 'destination_id', 'source_type'],
      },
      { name: 'index_inputs_input_uuid', columns: ['input_uuid'] },
    ],
  },
)

export const inputTags = table(
  'input_tags',
  {
    input_uuid: varchar(36),
    name: varchar(255),
    value: varchar(500),
  },
  {
    primaryKey: { name: 'input_tags_pk', columns: ['input_uuid', 'name'] },
  },
)

export const entityAssociations = table(
  'entity_associations',
  {
    association_id: varchar(36),
    source_type: varchar(36),
    source_id: varchar(36),
    destination_type: varchar(36),
    destination_id: varchar(36),
    created_time: nullable(bigintColumn()),
  },
  {
    primaryKey: {
      name: 'entity_associations_pk',
      columns: ['source_type', 'source_id', 'destination_type', 'destination_id'],
    },
    indexes: [
      { name: 'index_entity_associations_association_id', columns: ['association_id'] },
      {
        name: 'index_entity_associations_reverse_lookup',
        columns: ['destination_type', 'destination_id', 'source_type', 'source_id'],
      },
    ],
  },
)
