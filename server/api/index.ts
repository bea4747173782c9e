import type { Rpc } from '../rpc.ts'
import { experimentRpcs } from './experiments.ts'
import { serverRpcs } from './server.ts'

/** Every RPC of the server. */
export const RPCS: readonly Rpc[] = [...experimentRpcs, ...serverRpcs]
