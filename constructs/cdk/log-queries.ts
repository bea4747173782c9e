import { Stack } from 'aws-cdk-lib'
import * as logs from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'

/** Questions to the servers' log, by the name they have in Logs Insights. */
export const LOG_QUERIES = {
  'slow requests': {
    fields: ['@timestamp', 'method', 'path', 'status', 'ms'],
    filterStatements: ['msg = "slow request"'],
    sort: 'ms desc',
    limit: 100,
  },
  'slow requests by route': {
    filterStatements: ['msg = "slow request"'],
    statsStatements: ['count(*) as requests, avg(ms) as mean, max(ms) as longest by method, route'],
    sort: 'requests desc',
  },
  'errors by route': {
    filterStatements: ['msg = "request failed"'],
    statsStatements: ['count(*) as failures, latest(err.message) as last by method, route'],
    sort: 'failures desc',
  },
  errors: {
    fields: ['@timestamp', 'msg', 'err.message', 'path', '@message'],
    filterStatements: ['level >= 50'],
    sort: '@timestamp desc',
    limit: 100,
  },
  'sign-in refusals': {
    filterStatements: ['msg = "audit" and audit.status in [401, 403, 429]'],
    statsStatements: [
      'sum(audit.repeats) as refusals, latest(audit.outcome) as outcome by audit.address, audit.object, audit.caller',
    ],
    sort: 'refusals desc',
  },
  'audit events': {
    fields: [
      '@timestamp',
      ...['caller', 'via', 'action', 'object', 'detail', 'status', 'outcome', 'address', 'repeats'].map(
        (field) => `audit.${field}`,
      ),
    ],
    filterStatements: ['msg = "audit"'],
    sort: '@timestamp desc',
    limit: 1000,
  },
} as const satisfies Record<string, ConstructorParameters<typeof logs.QueryString>[0]>

/** Saves them where people look for them: Logs Insights, Queries, in a folder with the name of the stack. */
export function saveLogQueries(scope: Construct, logGroup: logs.ILogGroup): void {
  for (const [name, query] of Object.entries(LOG_QUERIES)) {
    new logs.QueryDefinition(scope, `Query ${name}`, {
      queryDefinitionName: `${Stack.of(scope).stackName}/${name}`,
      queryString: new logs.QueryString(query),
      logGroups: [logGroup],
    })
  }
}
