/** Models logged by runs or on their own. */
import { bigintColumn, doubleColumn, integerColumn, nullable, table, textColumn, varchar } from '../table.ts'

export const loggedModels = table(
  'logged_models',
  {
    model_id: varchar(36),
    experiment_id: integerColumn(),
    name: varchar(500),
    artifact_location: varchar(1000),
    creation_timestamp_ms: bigintColumn(),
    last_updated_timestamp_ms: bigintColumn(),
    status: integerColumn(),
    lifecycle_stage: nullable(varchar(32)),
    model_type: nullable(varchar(500)),
    source_run_id: nullable(varchar(32)),
    status_message: nullable(varchar(1000)),
  },
  {
    primaryKey: { name: 'logged_models_pk', columns: ['model_id'] },
    foreignKeys: [
      {
        name: 'fk_logged_models_experiment_id',
        columns: ['experiment_id'],
        references: { table: 'experiments', columns: ['experiment_id'] },
        onDelete: 'cascade',
      },
    ],
    checks: [
      {
        name: 'logged_models_lifecycle_stage_check',
        column: 'lifecycle_stage',
        oneOf: ['active', 'deleted'],
      },
    ],
  },
)

export const loggedModelMetrics = table(
  'logged_model_metrics',
  {
    model_id: varchar(36),
    metric_name: varchar(500),
    metric_timestamp_ms: bigintColumn(),
    metric_step: bigintColumn(),
    metric_value: nullable(doubleColumn()),
    experiment_id: integerColumn(),
    run_id: varchar(32),
    dataset_uuid: nullable(varchar(36)),
    dataset_name: nullable(varchar(500)),
    dataset_digest: nullable(varchar(36)),
  },
  {
    primaryKey: {
      name: 'logged_model_metrics_pk',
      columns: ['model_id', 'metric_name', 'metric_timestamp_ms', 'metric_step', 'run_id'],
    },
    foreignKeys: [
      {
        name: 'fk_logged_model_metrics_experiment_id',
        columns: ['experiment_id'],
        references: { table: 'experiments', columns: ['experiment_id'] },
      },
      {
        name: 'fk_logged_model_metrics_model_id',
        columns: ['model_id'],
        references: { table: 'logged_models', columns: ['model_id'] },
        onDelete: 'cascade',
      },
      {
        name: 'fk_logged_model_metrics_run_id',
        columns: ['run_id'],
        references: { table: 'runs', columns: ['run_uuid'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [{ name: 'index_logged_model_metrics_model_id', columns: ['model_id'] }],
  },
)

export const loggedModelParams = table(
  'logged_model_params',
  {
    model_id: varchar(36),
    experiment_id: integerColumn(),
    param_key: varchar(255),
    param_value: textColumn(),
  },
  {
    primaryKey: { name: 'logged_model_params_pk', columns: ['model_id', 'param_key'] },
    foreignKeys: [
      {
        name: 'fk_logged_model_params_experiment_id',
        columns: ['experiment_id'],
        references: { table: 'experiments', columns: ['experiment_id'] },
      },
      {
        name: 'fk_logged_model_params_model_id',
        columns: ['model_id'],
        references: { table: 'logged_models', columns: ['model_id'] },
        onDelete: 'cascade',
      },
    ],
  },
)

export const loggedModelTags = table(
  'logged_model_tags',
  {
    model_id: varchar(36),
    experiment_id: integerColumn(),
    tag_key: varchar(255),
    tag_value: textColumn(),
  },
  {
    primaryKey: { name: 'logged_model_tags_pk', columns: ['model_id', 'tag_key'] },
    foreignKeys: [
      {
        name: 'fk_logged_model_tags_experiment_id',
        columns: ['experiment_id'],
        references: { table: 'experiments', columns: ['experiment_id'] },
      },
      {
        name: 'fk_logged_model_tags_model_id',
        columns: ['model_id'],
        references: { table: 'logged_models', columns: ['model_id'] },
        onDelete: 'cascade',
      },
    ],
  },
)
