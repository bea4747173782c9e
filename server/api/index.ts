import type { Rpc } from '../rpc.ts'
import { datasetRpcs } from './datasets.ts'
import { experimentRpcs } from './experiments.ts'
import { metricRpcs } from './metrics.ts'
import { runLoggingRpcs } from './run-logging.ts'
import { runRpcs } from './runs.ts'
import { serverRpcs } from './server.ts'

/** Every RPC of the server. */
export const RPCS: readonly Rpc[] = [
  ...experimentRpcs,
  ...runRpcs,
  ...runLoggingRpcs,
  ...metricRpcs,
  ...datasetRpcs,
  ...serverRpcs,
]
