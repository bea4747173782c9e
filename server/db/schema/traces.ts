/** Traces, spans, assessments and their daily roll-ups. */
import {
  bigintColumn,
  booleanColumn,
  dateColumn,
  doubleColumn,
  generated,
  integerColumn,
  nullable,
  onMysql,
  serial,
  table,
  textColumn,
  varchar,
  withDefault,
} from '../table.ts'

export const traceInfo = table(
  'trace_info',
  {
    request_id: varchar(50),
    experiment_id: integerColumn(),
    timestamp_ms: bigintColumn(),
    execution_time_ms: nullable(bigintColumn()),
    status: varchar(50),
    client_request_id: nullable(varchar(50)),
    request_preview: nullable(varchar(1000)),
    response_preview: nullable(varchar(1000)),
    db_payload_generation: withDefault(integerColumn(), "'0'"),
    trace_name: nullable(varchar(4096)),
    session_id: nullable(varchar(250)),
    input_tokens: nullable(bigintColumn()),
    output_tokens: nullable(bigintColumn()),
    total_tokens: nullable(bigintColumn()),
    cache_read_input_tokens: nullable(bigintColumn()),
    cache_creation_input_tokens: nullable(bigintColumn()),
    cache_creation_input_tokens_above_1hr: nullable(bigintColumn()),
    input_cost: nullable(doubleColumn()),
    output_cost: nullable(doubleColumn()),
    total_cost: nullable(doubleColumn()),
  },
  {
    primaryKey: { name: 'trace_info_pk', columns: ['request_id'] },
    foreignKeys: [
      {
        name: 'fk_trace_info_experiment_id',
        columns: ['experiment_id'],
        references: { table: 'experiments', columns: ['experiment_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [
      { name: 'index_trace_info_experiment_id_timestamp_ms', columns: ['experiment_id', 'timestamp_ms'] },
      { name: 'index_trace_info_timestamp_ms_request_id', columns: ['timestamp_ms', 'request_id'] },
      { name: 'index_trace_info_experiment_id_session_id', columns: ['experiment_id', 'session_id'] },
    ],
  },
)

export const traceTags = table(
  'trace_tags',
  {
    key: varchar(250),
    value: nullable(varchar(8000)),
    request_id: varchar(50),
  },
  {
    primaryKey: { name: 'trace_tag_pk', columns: ['key', 'request_id'] },
    foreignKeys: [
      {
        name: 'fk_trace_tags_request_id',
        columns: ['request_id'],
        references: { table: 'trace_info', columns: ['request_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [{ name: 'index_trace_tags_request_id', columns: ['request_id'] }],
  },
)

export const traceRequestMetadata = table(
  'trace_request_metadata',
  {
    key: varchar(250),
    value: nullable(varchar(8000)),
    request_id: varchar(50),
  },
  {
    primaryKey: { name: 'trace_request_metadata_pk', columns: ['key', 'request_id'] },
    foreignKeys: [
      {
        name: 'fk_trace_request_metadata_request_id',
        columns: ['request_id'],
        references: { table: 'trace_info', columns: ['request_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [{ name: 'index_trace_request_metadata_request_id', columns: ['request_id'] }],
  },
)

export const traceMetrics = table(
  'trace_metrics',
  {
    request_id: varchar(50),
    key: varchar(250),
    value: nullable(doubleColumn()),
  },
  {
    primaryKey: { name: 'trace_metrics_pk', columns: ['request_id', 'key'] },
    foreignKeys: [
      {
        name: 'fk_trace_metrics_request_id',
        columns: ['request_id'],
        references: { table: 'trace_info', columns: ['request_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [{ name: 'index_trace_metrics_request_id', columns: ['request_id'] }],
  },
)

const COVERED_COSTS = {
  include: ['input_cost', 'output_cost', 'total_cost', 'model_name', 'model_provider'],
  where: 'input_cost IS NOT NULL OR output_cost IS NOT NULL OR total_cost IS NOT NULL',
} as const

export const spans = table(
  'spans',
  {
    trace_id: varchar(50),
    experiment_id: integerColumn(),
    span_id: varchar(50),
    parent_span_id: nullable(varchar(50)),
    name: nullable(textColumn()),
    type: nullable(varchar(500)),
    status: varchar(50),
    start_time_unix_nano: bigintColumn(),
    end_time_unix_nano: nullable(bigintColumn()),
    duration_ns: generated(bigintColumn(), 'end_time_unix_nano - start_time_unix_nano'),
    content: onMysql({ type: 'LONGTEXT' }, textColumn()),
    input_cost: nullable(doubleColumn()),
    output_cost: nullable(doubleColumn()),
    total_cost: nullable(doubleColumn()),
    model_name: nullable(varchar(500)),
    model_provider: nullable(varchar(500)),
  },
  {
    primaryKey: { name: 'spans_pk', columns: ['trace_id', 'span_id'] },
    foreignKeys: [
      {
        name: 'fk_spans_experiment_id',
        columns: ['experiment_id'],
        references: { table: 'experiments', columns: ['experiment_id'] },
      },
      {
        name: 'fk_spans_trace_id',
        columns: ['trace_id'],
        references: { table: 'trace_info', columns: ['request_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [
      { name: 'index_spans_experiment_id_start_time', columns: ['experiment_id', 'start_time_unix_nano'] },
      { name: 'index_spans_experiment_id_type_status', columns: ['experiment_id', 'type', 'status'] },
      { name: 'index_spans_experiment_id_duration', columns: ['experiment_id', 'duration_ns'] },
      { name: 'index_spans_experiment_id_status_type', columns: ['experiment_id', 'status', 'type'] },
      {
        name: 'idx_spans_cost_trace_time_cover',
        columns: ['trace_id', 'start_time_unix_nano'],
        postgres: COVERED_COSTS,
      },
      {
        name: 'idx_spans_cost_exp_time_cover',
        columns: ['experiment_id', 'start_time_unix_nano'],
        postgres: COVERED_COSTS,
      },
    ],
  },
)

export const spanMetrics = table(
  'span_metrics',
  {
    trace_id: varchar(50),
    span_id: varchar(50),
    key: varchar(250),
    value: nullable(doubleColumn()),
  },
  {
    primaryKey: { name: 'span_metrics_pk', columns: ['trace_id', 'span_id', 'key'] },
    foreignKeys: [
      {
        name: 'fk_span_metrics_span',
        columns: ['trace_id', 'span_id'],
        references: { table: 'spans', columns: ['trace_id', 'span_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [{ name: 'index_span_metrics_trace_id_span_id', columns: ['trace_id', 'span_id'] }],
  },
)

export const assessments = table(
  'assessments',
  {
    assessment_id: varchar(50),
    trace_id: varchar(50),
    name: varchar(250),
    assessment_type: varchar(20),
    value: textColumn(),
    error: nullable(textColumn()),
    created_timestamp: bigintColumn(),
    last_updated_timestamp: bigintColumn(),
    source_type: varchar(50),
    source_id: nullable(varchar(250)),
    run_id: nullable(varchar(32)),
    span_id: nullable(varchar(50)),
    rationale: nullable(textColumn()),
    overrides: nullable(varchar(50)),
    valid: booleanColumn(),
    assessment_metadata: nullable(textColumn()),
    experiment_id: nullable(integerColumn()),
    trace_timestamp_ms: nullable(bigintColumn()),
    aggregate_value: nullable(doubleColumn()),
    is_numeric_value: withDefault(booleanColumn(), '0'),
  },
  {
    primaryKey: { name: 'assessments_pk', columns: ['assessment_id'] },
    foreignKeys: [
      {
        name: 'fk_assessments_trace_id',
        columns: ['trace_id'],
        references: { table: 'trace_info', columns: ['request_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [
      { name: 'index_assessments_trace_id_created_timestamp', columns: ['trace_id', 'created_timestamp'] },
      { name: 'index_assessments_assessment_type', columns: ['assessment_type'] },
      { name: 'index_assessments_run_id_created_timestamp', columns: ['run_id', 'created_timestamp'] },
      { name: 'index_assessments_last_updated_timestamp', columns: ['last_updated_timestamp'] },
      { name: 'idx_assessments_exp_trace_ts', columns: ['experiment_id', 'trace_timestamp_ms'] },
      { name: 'idx_assessments_exp_trace_ts_name', columns: ['experiment_id', 'trace_timestamp_ms', 'name'] },
      { name: 'idx_assessments_exp_name_valid', columns: ['experiment_id', 'name', 'valid'] },
    ],
  },
)

export const sqlTraceMetricDailyRollups = table(
  'sql_trace_metric_daily_rollups',
  {
    id: serial('identity'),
    experiment_id: integerColumn(),
    rollup_day: dateColumn(),
    metric_name: varchar(250),
    grouping_set: varchar(50),
    trace_status: nullable(varchar(50)),
    sample_count: bigintColumn(),
    sum_value: nullable(doubleColumn()),
    min_value: nullable(doubleColumn()),
    max_value: nullable(doubleColumn()),
    p50_value: nullable(doubleColumn()),
    p90_value: nullable(doubleColumn()),
    p99_value: nullable(doubleColumn()),
  },
  {
    primaryKey: { name: 'sql_trace_metric_daily_rollups_pk', columns: ['id'] },
    indexes: [
      {
        name: 'idx_trace_rollups_lookup',
        columns: ['experiment_id', 'rollup_day', 'metric_name', 'grouping_set', 'trace_status'],
      },
    ],
  },
)

export const sqlSpanCostDailyRollups = table(
  'sql_span_cost_daily_rollups',
  {
    id: serial('identity'),
    experiment_id: integerColumn(),
    rollup_day: dateColumn(),
    metric_name: varchar(250),
    grouping_set: varchar(50),
    model_name: nullable(varchar(500)),
    model_provider: nullable(varchar(500)),
    sample_count: bigintColumn(),
    sum_value: nullable(doubleColumn()),
    min_value: nullable(doubleColumn()),
    max_value: nullable(doubleColumn()),
  },
  {
    primaryKey: { name: 'sql_span_cost_daily_rollups_pk', columns: ['id'] },
    indexes: [
      {
        name: 'idx_span_cost_rollups_lookup',
        columns: [
          'experiment_id',
          'rollup_day',
          'metric_name',
          'grouping_set',
          'model_name',
          'model_provider',
        ],
        mysqlLengths: { model_name: 64, model_provider: 64 },
      },
    ],
  },
)

export const sqlAssessmentDailyRollups = table(
  'sql_assessment_daily_rollups',
  {
    id: serial('identity'),
    experiment_id: integerColumn(),
    rollup_day: dateColumn(),
    metric_name: varchar(250),
    grouping_set: varchar(50),
    sample_count: bigintColumn(),
    sum_value: nullable(doubleColumn()),
    min_value: nullable(doubleColumn()),
    max_value: nullable(doubleColumn()),
  },
  {
    primaryKey: { name: 'sql_assessment_daily_rollups_pk', columns: ['id'] },
    indexes: [
      {
        name: 'idx_assessment_rollups_lookup',
        columns: ['experiment_id', 'rollup_day', 'metric_name', 'grouping_set'],
      },
    ],
  },
)

export const sqlTraceRollupRebuildQueue = table(
  'sql_trace_rollup_rebuild_queue',
  {
    experiment_id: integerColumn(),
    rollup_day: dateColumn(),
    rollup_family: varchar(50),
  },
  {
    primaryKey: {
      name: 'sql_trace_rollup_rebuild_queue_pk',
      columns: ['experiment_id', 'rollup_day', 'rollup_family'],
    },
  },
)
