import { answersTo, codeOf, type Difference, wordsOf } from '../difference.ts'

export const HTTP_DIFFERENCES: readonly Difference[] = [
  {
    id: 'error-classification',
    area: 'http',
    where: 'every error body',
    mlflow: '`sqlstate` and `error_class` beside `error_code` and `message`',
    ours: '`error_code` and `message`',
    reason: 'the two are derived from `error_code`, by the stock client too where they are absent',
    shownBy: ({ field, ours }) => ['body.sqlstate', 'body.error_class'].includes(field) && ours === undefined,
  },
  {
    id: 'no-500-for-a-client-fault',
    area: 'http',
    where: 'a request that cannot be right, wherever MLflow stumbles over it',
    mlflow: '500, or the connection is cut',
    ours: '4xx with an error body that names the fault',
    reason: 'the stock client asks again for minutes after a 5xx',
    shownBy: ({ answers: { theirs, ours } }) =>
      [500, 0].includes(theirs.status) &&
      (theirs.contentType !== 'application/json' || ours.contentType === 'application/json') &&
      ours.status >= 400 &&
      ours.status < 500,
  },
  {
    id: 'error-pages',
    area: 'http',
    where: 'an unknown path, a wrong method, a missing query parameter',
    mlflow: 'a page in HTML',
    ours: 'the JSON error body (`ENDPOINT_NOT_FOUND`, `METHOD_NOT_ALLOWED`, `INVALID_PARAMETER_VALUE`)',
    reason: 'one form of error; clients read the status',
    shownBy: ({ field, answers: { theirs, ours } }) =>
      ['contentType', 'body'].includes(field) &&
      theirs.contentType === 'text/html' &&
      [400, 404, 405].includes(theirs.status) &&
      ours.status === theirs.status &&
      ours.contentType === 'application/json',
  },
  {
    id: 'sql-in-errors',
    area: 'http',
    where:
      'what a database constraint refuses: a name, tag or parameter that is there already, an unknown parent',
    mlflow: 'the SQL statement with its parameters in `message`, mostly as `BAD_REQUEST`',
    ours: 'the fault in words; `RESOURCE_ALREADY_EXISTS`, `INVALID_PARAMETER_VALUE` or `RESOURCE_DOES_NOT_EXIST` where it is one',
    reason: 'SQL and its parameters are nobody’s business outside',
    shownBy: ({ field, answers: { theirs, ours } }) =>
      ['body.message', 'body.error_code', 'status'].includes(field) &&
      /\b(sqlite3|psycopg|pymysql)\./.test(String((theirs.body as { message?: string }).message)) &&
      ours.status >= 400 &&
      ours.status < 500 &&
      codeOf(ours.body) !== undefined,
  },
  {
    id: 'malformed-json',
    area: 'http',
    where: 'a body that is not JSON',
    mlflow: 'read as an empty message: 400 for whatever is missing then, or done without it',
    ours: '400 `MALFORMED_REQUEST`',
    reason: 'a torn request must not be half done',
    shownBy: (found) =>
      codeOf(found.answers.ours.body) === 'MALFORMED_REQUEST' && found.answers.theirs.status === 400,
  },
  {
    id: 'bare-nan',
    area: 'runs',
    where: '`NaN` and `Infinity` without quotes in a JSON body',
    mlflow: '200, and a metric of value 0 and timestamp 0 is stored',
    ours: '400 `MALFORMED_REQUEST`',
    reason: 'it is not JSON, and a wrong number must not be stored; `"NaN"` in quotes works on both',
    shownBy: answersTo(200, 400, 'metrics: log a bare NaN', 'metrics: log a bare Infinity'),
    leaves: [/^(latest_)?metrics, only in theirs: \{"key":"bare(Inf)?"/],
  },
  {
    id: 'get-with-a-body',
    area: 'http',
    where: 'GET without a query but with a JSON body',
    mlflow: 'the body is read',
    ours: 'it is not: 400 for the missing parameter',
    reason: 'proxies drop such bodies, and no stock client sends one',
    shownBy: answersTo(200, 400, 'http: GET with a JSON body'),
  },
  {
    id: 'type-of-an-item',
    area: 'http',
    where: 'words of a 400 for a wrong type or a missing content type',
    mlflow: 'names the list’s field, or what follows from reading the item as an empty message',
    ours: 'names the item (`tags[0]`) and its type',
    reason: 'it says where the fault is',
    shownBy: wordsOf('http: wrong type: in a list', 'http: no content type', 'log-batch: metrics not a list'),
  },
]
