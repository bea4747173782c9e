import type { Scenario } from '../step.ts'
import { artifacts } from './artifacts.ts'
import { experimentSearch } from './experiment-search.ts'
import { experiments } from './experiments.ts'
import { graphql } from './graphql.ts'
import { http } from './http.ts'
import { inputs } from './inputs.ts'
import { logBatch } from './log-batch.ts'
import { loggedModels } from './logged-models.ts'
import { metrics } from './metrics.ts'
import { modelVersions } from './model-versions.ts'
import { paramsAndTags } from './params-and-tags.ts'
import { rClient } from './r-client.ts'
import { registeredModels } from './registered-models.ts'
import { roles } from './roles.ts'
import { runSearch } from './run-search.ts'
import { runs } from './runs.ts'
import { traces } from './traces.ts'
import { userPermissions } from './user-permissions.ts'
import { users } from './users.ts'
import { webhooks } from './webhooks.ts'

/** In this order on each server: an answer that lists everything must see the same everything. */
export const SCENARIOS: readonly Scenario[] = [
  http,
  experiments,
  experimentSearch,
  runs,
  metrics,
  paramsAndTags,
  logBatch,
  inputs,
  runSearch,
  registeredModels,
  modelVersions,
  loggedModels,
  rClient,
  artifacts,
  graphql,
  traces,
  // Last: no model is made after its webhooks, which MLflow would send.
  webhooks,
]

/** With a login on. */
export const LOGIN_SCENARIOS: readonly Scenario[] = [users, roles, userPermissions]
