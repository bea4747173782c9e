import { answersTo, anyOf, type Difference, fieldsOf, isWordsOnly, onlyOn } from '../difference.ts'

const SEARCHES = [
  'experiment search',
  'run search',
  'registered models',
  'model versions',
  'logged models',
  'traces',
]

export const SEARCH_DIFFERENCES: readonly Difference[] = [
  {
    id: 'words-of-a-bad-search',
    area: 'search',
    where: 'words of the 400 for a filter, an order, a limit or a page token that cannot be read',
    mlflow: 'lists are sets of Python in an order that changes, the offending part is as sqlparse cuts it',
    ours: 'lists are sorted, the offending part is as our parser cuts it',
    reason: 'status and `error_code` are the same; people read the words, programs do not',
    shownBy: (found) =>
      SEARCHES.includes(found.scenario) &&
      /^(filter|order|token|bad token|max_results) ?/.test(found.step.name) &&
      isWordsOnly(found),
  },
  {
    id: 'pages-that-cannot-be',
    area: 'search',
    where:
      '`registered-models/search` with max_results 0 or less, `logged-models/search` with less than 0 or more than 50000, a page token with an offset below 0',
    mlflow: '200, and a page token that points nowhere, the first page, or everything at once',
    ours: '400',
    reason: 'it cannot be right, and a page must fit in memory',
    shownBy: anyOf(
      answersTo(
        200,
        400,
        'registered models: max_results 0',
        'registered models: max_results -1',
        'logged models: max_results -1',
        'logged models: max_results 100000',
      ),
      onlyOn('sqlite', answersTo(200, 400, 'run search: token with a negative offset')),
    ),
  },
  {
    id: 'experiments-refused-are-not-listed',
    area: 'search',
    where: '`experiments/search` after creations that only MLflow takes',
    mlflow: 'lists them',
    ours: 'they are not there',
    reason: 'see the artifact locations and the tags above',
    shownBy: fieldsOf(/^body\.experiments\.length$/, 'experiment search: everything by name'),
  },
  {
    id: 'logged-model-status-by-name',
    area: 'search',
    where: "`logged-models/search` by status (`status = 'READY'`)",
    mlflow: 'compares the name with a number: `=` finds nothing, `!=` everything',
    ours: 'compares statuses',
    reason: 'the documentation has it so',
    shownBy: fieldsOf(
      /^body\.models/,
      "logged models: filter status = 'READY'",
      "logged models: filter status != 'READY'",
    ),
  },
  {
    id: 'logged-model-last-updated',
    area: 'search',
    where: '`logged-models/search` by `last_updated_time`',
    mlflow: '400: only `last_updated_timestamp` compares as a number',
    ours: 'both do',
    reason: '`creation_time` does in MLflow too',
    shownBy: answersTo(400, 200, 'logged models: filter last_updated_time > 0'),
  },
  {
    id: 'logged-model-dataset-without-digest',
    area: 'search',
    where: '`logged-models/search` with a dataset’s name alone',
    mlflow: 'finds nothing',
    ours: 'finds models measured on any dataset of that name',
    reason: 'the documentation calls the digest optional',
    shownBy: fieldsOf(/^body\.models/, 'logged models: dataset without digest'),
  },
  {
    id: 'experiment-ids-as-numbers',
    area: 'search',
    where: '`runs/search` with experiment ids that are numbers',
    mlflow: '200, and no runs: the request is read as an empty one',
    ours: '400, as for every other id that is a number',
    reason: 'an empty answer hides the fault',
    shownBy: answersTo(200, 400, 'run search: experiment as a number'),
  },
]
