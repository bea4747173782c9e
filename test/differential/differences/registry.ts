import { answersTo, anyOf, type Difference, fieldsOf, onlyOn, wordsOf } from '../difference.ts'

const SOURCES = 'test/server/model-versions-source.test.ts'

export const REGISTRY_DIFFERENCES: readonly Difference[] = [
  {
    id: 'lengths-of-columns',
    area: 'registry',
    where:
      'a model’s name over 256 characters or description over 5000, a version’s source or run_link over 500, a logged model’s name over 500',
    mlflow: 'stored on SQLite, a database error elsewhere',
    ours: '400 “… exceeds the maximum length of …”',
    reason: 'the columns hold no more: such a database could not move to PostgreSQL',
    shownBy: onlyOn(
      'sqlite',
      anyOf(
        answersTo(
          200,
          400,
          'registered models: create 257',
          'registered models: create with a long description',
          'logged models: create with a name of 501',
        ),
        answersTo(200, 404, 'registered models: get a long description'),
      ),
    ),
    leaves: [
      /^registered_models, only in theirs: \{"name":"(n{257}|rm-long)"/,
      /^logged_models, only in theirs: .*"name":"n+… 501 characters"/,
    ],
  },
  {
    id: 'logged-model-id-in-the-path',
    area: 'registry',
    where:
      '`PATCH logged-models/{id}` and `POST logged-models/{id}/params` without `model_id` in the body too',
    mlflow: '400',
    ours: 'the path says it',
    reason: 'it can only mean that one',
    shownBy: anyOf(
      answersTo(
        400,
        200,
        'logged models: finalize without the id in the body',
        'logged models: log params without the id in the body',
      ),
      wordsOf('logged models: finalize with nothing'),
    ),
    leaves: [/^logged_model(s|_params), only in (theirs|ours): .*\{\{logged models.unnamed\}\}/],
  },
  {
    id: 'logged-model-status-unknown',
    area: 'registry',
    where: '`PATCH logged-models/{id}` with an unknown status',
    mlflow: '200, and the status is unspecified from then on',
    ours: '400',
    reason: 'a typo must not reset a model',
    shownBy: answersTo(200, 400, 'logged models: finalize with an unknown status'),
    leaves: [/^logged_models, only in (theirs|ours): .*\{\{logged models.empty\}\}/],
  },
  {
    id: 'archive-on-postgresql',
    area: 'registry',
    where: '`model-versions/transition-stage` with `archive_existing_versions`, on PostgreSQL',
    mlflow: '400 with the SQL text: it compares a number with text',
    ours: 'done, as on SQLite',
    reason: 'the same answers on every database',
    shownBy: onlyOn(
      'postgres',
      anyOf(
        answersTo(400, 200, ...['1', '2'].map((version) => `model versions: stage ${version} and archive`)),
        fieldsOf(/current_stage$/, 'model versions: 1 is archived', 'model versions: 2 is not'),
      ),
    ),
    leaves: [/^model_versions, only in (theirs|ours): \{"name":"mv-archive"/],
  },
  {
    id: 'logged-model-numbers-on-postgresql',
    area: 'registry',
    where: '`logged-models/search` by status or experiment_id, on PostgreSQL',
    mlflow: '400 with the SQL text: it compares a number with text',
    ours: 'answered as on SQLite',
    reason: 'the same answers on every database',
    shownBy: onlyOn(
      'postgres',
      answersTo(
        400,
        200,
        ...["status = 'READY'", "status = 'PENDING'", "status != 'READY'", "experiment_id = '1'"].map(
          (filter) => `logged models: filter ${filter}`,
        ),
      ),
    ),
  },
  {
    id: 'numbers-beyond-int64-on-mysql',
    area: 'registry',
    where: 'an experiment or a version whose number is beyond 64 bits, on MySQL and MariaDB',
    mlflow: '404',
    ours: '400, as on SQLite and PostgreSQL',
    reason: 'the same answers on every database',
    shownBy: onlyOn(
      'mysql',
      answersTo(404, 400, 'experiments: get beyond int64', 'model versions: get beyond int64'),
    ),
  },
  {
    id: 'rename-on-new-mysql',
    area: 'registry',
    where: '`registered-models/rename` of a model with more than one version, on MySQL 9.7',
    mlflow: '400 “… already exists”',
    ours: 'renames it',
    reason: 'MySQL itself fails where a foreign key cascades twice; we let it cascade once',
    shownBy: 'test/server/registered-models.test.ts',
  },
  {
    id: 'source-words',
    area: 'registry',
    where: 'words of the 400 for a local version source with `..`',
    mlflow: 'asks for a run_id',
    ours: 'asks for an absolute path',
    reason: 'a run_id would not help',
    shownBy: wordsOf('model versions: source ..', 'model versions: source file:///../etc/passwd'),
  },
  {
    id: 'source-parts',
    area: 'registry',
    where:
      '`model-versions/create`: `..` in the query or fragment of a source, a control character, a local path that climbs and comes back',
    mlflow: '200',
    ours: '400',
    reason: 'whoever reads the source later would be led elsewhere',
    shownBy: SOURCES,
  },
  {
    id: 'source-not-there',
    area: 'registry',
    where:
      '`model-versions/create` from `models:/name/stage` with no version there, or from a logged model there is none of',
    mlflow: '500',
    ours: '404',
    reason: 'the stock client asks again for minutes after a 5xx',
    shownBy: SOURCES,
  },
  {
    id: 'source-whitelist',
    area: 'registry',
    where: '`MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX`',
    mlflow: 'a regular expression of Python',
    ours: 'one of JavaScript; refused at the start when it does not compile',
    reason: 'the language of the server',
    shownBy: SOURCES,
  },
]
