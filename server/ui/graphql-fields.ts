/**
 * Where GraphQL fields get their values: a root field is an RPC of the table, and every other field is read from
 * its answer, in snake_case, with protobuf's default where it is unset.
 */
import {
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  getNullableType,
  isEnumType,
  isListType,
  isObjectType,
} from 'graphql'
import type { RequestContext } from '../context.ts'
import { ApiError, invalidParameter } from '../errors.ts'
import type { Rpc } from '../rpc.ts'

/** The RPC behind each root field. */
export const ROOT_FIELDS: Record<string, `${Rpc['method']} ${string}`> = {
  mlflowGetExperiment: 'GET /mlflow/experiments/get',
  mlflowGetMetricHistoryBulkInterval: 'GET /mlflow/metrics/get-history-bulk-interval',
  mlflowGetRun: 'GET /mlflow/runs/get',
  mlflowListArtifacts: 'GET /mlflow/artifacts/list',
  mlflowSearchDatasets: 'POST /mlflow/experiments/search-datasets',
  mlflowSearchModelVersions: 'GET /mlflow/model-versions/search',
  mlflowSearchRuns: 'POST /mlflow/runs/search',
}

/** Rows of a run's `experiment` and `modelVersions` are looked up one by one: the most in one query. */
const MAX_LOOKUPS = 1_000

/** What one query may use. */
export interface QueryContext {
  call(endpoint: string, request: object): Promise<object>
  /** Runs an RPC on behalf of a field below the root; the same request is run once in a query. */
  lookUp(endpoint: string, request: object): Promise<object>
}

export function queryContext(context: RequestContext, rpcs: readonly Rpc[]): QueryContext {
  const answers = new Map<string, Promise<object>>()
  const call = async (endpoint: string, request: object) => {
    const one = rpcs.find(({ method, path }) => `${method} ${path}` === endpoint)
    if (!one) throw new ApiError('NOT_IMPLEMENTED', `This server does not have ${endpoint} yet.`)
    return one.run(context, request)
  }
  return {
    call,
    lookUp(endpoint, request) {
      const key = `${endpoint} ${JSON.stringify(request)}`
      const known = answers.get(key)
      if (known) return known
      if (answers.size >= MAX_LOOKUPS) {
        throw invalidParameter(`A query may look up at most ${MAX_LOOKUPS} experiments and model versions.`)
      }
      const answer = call(endpoint, request)
      answers.set(key, answer)
      return answer
    },
  }
}

type Message = Readonly<Record<string, unknown>>

/** The resolver of every field. */
export const resolveField: GraphQLFieldResolver<Message | undefined, QueryContext> = (
  source,
  args: { input?: object; inputString?: string },
  query,
  { fieldName, parentType, returnType },
) => {
  if (source === undefined) {
    const endpoint = ROOT_FIELDS[fieldName]
    return endpoint ? query.call(endpoint, args.input ?? {}) : { output: args.inputString }
  }
  if (parentType.name === 'MlflowRunExtension') {
    const resolve = RUN_LOOKUPS[fieldName]
    if (resolve) return resolve(query, source.info as Message)
  }
  return protobufValue(source[snakeCase(fieldName)], returnType)
}

/** What MLflow's GraphQL adds to a run. */
const RUN_LOOKUPS: Record<string, (query: QueryContext, info: Message) => Promise<unknown>> = {
  async experiment(query, { experiment_id }) {
    const answer = await query.lookUp('GET /mlflow/experiments/get', { experiment_id })
    return (answer as { experiment: Message }).experiment
  },
  async modelVersions(query, { run_id }) {
    const answer = await query.lookUp('GET /mlflow/model-versions/search', { filter: `run_id='${run_id}'` })
    return (answer as { model_versions?: Message[] }).model_versions ?? []
  },
}

function protobufValue(value: unknown, type: GraphQLOutputType): unknown {
  const { name } = getNullableType(type) as { name?: string }
  // GraphQL has no NaN and no infinity.
  if (name === 'Float' && typeof value === 'string') return null
  return value ?? unsetValue(type)
}

function unsetValue(type: GraphQLOutputType): unknown {
  const nullable = getNullableType(type)
  if (isListType(nullable)) return []
  if (isEnumType(nullable)) return nullable.getValues()[0]?.value
  // MLflow's RPCs have no such field: their errors are the query's.
  if (isObjectType(nullable)) return nullable.name === 'ApiError' ? null : {}
  return { String: '', LongString: 0, Int: 0, Float: 0, Boolean: false }[String(nullable)]
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
