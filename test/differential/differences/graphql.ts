import { answersTo, type Difference, fieldsOf } from '../difference.ts'

export const GRAPHQL_DIFFERENCES: readonly Difference[] = [
  {
    id: 'graphql-words',
    area: 'graphql',
    where: 'words of an error in a query',
    mlflow: 'as graphql-core and the database layer have them',
    ours: 'as graphql-js and our request schema have them',
    reason: 'the UI shows them and does not read them',
    shownBy: fieldsOf(
      /^body\.errors\[0\]$/,
      ...[
        'GetRun of nothing',
        'GetRun without variables',
        'SearchRuns with an unknown view',
        'an unknown field',
        'an unknown field below',
      ].map((step) => `graphql: ${step}`),
    ),
  },
  {
    id: 'graphql-syntax-error',
    area: 'graphql',
    where: 'a query that cannot be parsed',
    mlflow: '500',
    ours: '200 with `errors`, as for every other fault in a query',
    reason: 'a fault of the client',
    shownBy: answersTo(500, 200, 'graphql: a syntax error'),
  },
  {
    id: 'graphql-view-type',
    area: 'graphql',
    where: '`mlflowSearchRuns` with a `runViewType`',
    mlflow: 'an error: it cannot read its own enum',
    ours: 'the runs of that view',
    reason: 'the schema has it so',
    shownBy: fieldsOf(/^body\.(errors|data\.mlflowSearchRuns)$/, 'graphql: SearchRuns with a view'),
  },
  {
    id: 'graphql-nan',
    area: 'graphql',
    where: 'a metric that is NaN',
    mlflow: 'its `value` is null, and `errors` says that it is no number',
    ours: 'its `value` is null',
    reason: 'the UI takes any error for a failed page',
    shownBy: fieldsOf(/^body\.errors$/, 'graphql: interval of NaN'),
  },
  {
    id: 'graphql-test-mutation',
    area: 'graphql',
    where: '`testMutation`, which does nothing',
    mlflow: 'null',
    ours: 'what it was given',
    reason: 'nothing calls it',
    shownBy: fieldsOf(/^body\.data\.testMutation$/, 'graphql: a mutation'),
  },
]
