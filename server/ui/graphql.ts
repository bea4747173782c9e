/** Runs one GraphQL query, within limits, and answers in MLflow's form. */
import {
  buildSchema,
  execute,
  GraphQLError,
  type GraphQLScalarType,
  type GraphQLSchema,
  parse,
  validate,
} from 'graphql'
import type { Context, RequestContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import type { Rpc } from '../rpc.ts'
import { queryContext, resolveField } from './graphql-fields.ts'
import { checkCost, checkText } from './graphql-limits.ts'
import { SCHEMA_TEXT } from './graphql-schema.ts'

export interface Query {
  readonly query: string
  readonly variables?: Record<string, unknown> | undefined
  readonly operationName?: string | undefined
}

/** MLflow's: errors are texts, and null where there are none. */
export interface Answer {
  readonly data: unknown
  readonly errors: readonly string[] | null
}

export async function runQuery(context: RequestContext, rpcs: readonly Rpc[], query: Query): Promise<Answer> {
  const document = parseQuery(query.query, context.config)
  if (Array.isArray(document)) return { data: null, errors: messages(document, context) }
  const { data, errors = [] } = await execute({
    schema: schema(),
    document,
    variableValues: query.variables,
    operationName: query.operationName,
    contextValue: queryContext(context, rpcs),
    fieldResolver: resolveField,
    hideSuggestions: true,
  })
  return { data: data ?? null, errors: errors.length > 0 ? messages(errors, context) : null }
}

/** @returns the query, or why it is refused */
function parseQuery(text: string, limits: Context['config']) {
  try {
    checkText(text)
    const document = parse(text, { noLocation: true })
    checkCost(document, limits)
    const errors = validate(schema(), document, undefined, { hideSuggestions: true })
    return errors.length > 0 ? [...errors] : document
  } catch (error) {
    if (error instanceof GraphQLError) return [error]
    throw error
  }
}

function messages(errors: readonly GraphQLError[], { log }: Context): string[] {
  return errors.map((error) => {
    const cause = error.originalError
    if (cause === undefined || cause instanceof GraphQLError || cause instanceof ApiError)
      return error.message
    log.error({ err: cause, path: error.path }, 'query failed')
    return 'The server failed; its log says why.'
  })
}

let built: GraphQLSchema | undefined

function schema(): GraphQLSchema {
  built ??= withLongStrings(buildSchema(SCHEMA_TEXT))
  return built
}

function withLongStrings(one: GraphQLSchema): GraphQLSchema {
  const longString = one.getType('LongString') as GraphQLScalarType
  longString.coerceOutputValue = String
  return one
}
