import type { Rpc } from '../rpc.ts'
import { accessTokenRpcs } from './access-tokens.ts'
import { artifactTransferRpcs } from './artifact-transfers.ts'
import { artifactRpcs } from './artifacts.ts'
import { assessmentRpcs } from './assessments.ts'
import { auditRpcs } from './audit.ts'
import { commentRpcs } from './comments.ts'
import { datasetRpcs } from './datasets.ts'
import { experimentSearchRpcs } from './experiment-search.ts'
import { experimentRpcs } from './experiments.ts'
import { garbageRpcs } from './garbage.ts'
import { graphqlRpc } from './graphql.ts'
import { loggedModelRpcs } from './logged-models.ts'
import { metricRpcs } from './metrics.ts'
import { modelActivityRpcs } from './model-activities.ts'
import { modelAliasRpcs } from './model-aliases.ts'
import { modelVersionRpcs } from './model-versions.ts'
import { pendingRpcs } from './pending.ts'
import { registeredModelRpcs } from './registered-models.ts'
import { rolePermissionRpcs } from './role-permissions.ts'
import { roleRpcs } from './roles.ts'
import { runLoggingRpcs } from './run-logging.ts'
import { runSearchRpcs } from './run-search.ts'
import { runRpcs } from './runs.ts'
import { serverRpcs } from './server.ts'
import { traceLinkRpcs } from './trace-links.ts'
import { traceMetricRpcs } from './trace-metrics.ts'
import { traceTagRpcs } from './trace-tags.ts'
import { traceRpcs } from './traces.ts'
import { traceV2Rpcs } from './traces-v2.ts'
import { transitionRequestRpcs } from './transition-requests.ts'
import { uiRpcs } from './ui.ts'
import { userPermissionRpcs } from './user-permissions.ts'
import { userRpcs } from './users.ts'
import { webhookRpcs } from './webhooks.ts'
import { wholeTraceRpcs } from './whole-traces.ts'

const API: readonly Rpc[] = [
  ...artifactRpcs,
  ...artifactTransferRpcs,
  ...experimentRpcs,
  ...experimentSearchRpcs,
  ...runRpcs,
  ...runSearchRpcs,
  ...runLoggingRpcs,
  ...metricRpcs,
  ...datasetRpcs,
  ...registeredModelRpcs,
  ...modelAliasRpcs,
  ...modelVersionRpcs,
  ...transitionRequestRpcs,
  ...commentRpcs,
  ...modelActivityRpcs,
  ...loggedModelRpcs,
  ...traceRpcs,
  ...wholeTraceRpcs,
  ...assessmentRpcs,
  ...traceMetricRpcs,
  ...traceTagRpcs,
  ...traceLinkRpcs,
  ...traceV2Rpcs,
  ...webhookRpcs,
  ...garbageRpcs,
  ...auditRpcs,
  ...accessTokenRpcs,
  ...serverRpcs,
  ...uiRpcs,
  ...pendingRpcs,
  ...userRpcs,
  ...userPermissionRpcs,
  ...roleRpcs,
  ...rolePermissionRpcs,
]

/** Every RPC of the server. */
export const RPCS: readonly Rpc[] = [...API, graphqlRpc(API)]
