/**
 * Every intended difference from `mlflow server`, once. The differential test lets pass what these cover and
 * nothing else, fails when one no longer occurs, and keeps docs/differences.md equal to this list.
 */

import type { Difference } from './difference.ts'
import { ARTIFACT_DIFFERENCES } from './differences/artifacts.ts'
import { GRAPHQL_DIFFERENCES } from './differences/graphql.ts'
import { HTTP_DIFFERENCES } from './differences/http.ts'
import { LOGIN_DIFFERENCES } from './differences/login.ts'
import { REGISTRY_DIFFERENCES } from './differences/registry.ts'
import { RUN_DIFFERENCES } from './differences/runs.ts'
import { SEARCH_DIFFERENCES } from './differences/search.ts'
import { TRACE_DIFFERENCES } from './differences/traces.ts'
import { WEBHOOK_DIFFERENCES } from './differences/webhooks.ts'

/** What our server is started with: the one bucket that the requests name. */
export const OUR_SETTINGS = { TRACKYARD_ALLOWED_ARTIFACT_ROOTS: 's3://bucket' }

export const DIFFERENCES: readonly Difference[] = [
  ...HTTP_DIFFERENCES,
  ...RUN_DIFFERENCES,
  ...SEARCH_DIFFERENCES,
  ...REGISTRY_DIFFERENCES,
  ...TRACE_DIFFERENCES,
  ...WEBHOOK_DIFFERENCES,
  ...ARTIFACT_DIFFERENCES,
  ...GRAPHQL_DIFFERENCES,
  ...LOGIN_DIFFERENCES,
]
