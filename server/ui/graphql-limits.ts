/** What a GraphQL query may cost, checked before it is validated or run; MLflow's limits where it has one. */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  Lexer,
  type SelectionSetNode,
  Source,
  TokenKind,
} from 'graphql'

const MAX_DEPTH = 10
const MAX_SELECTIONS = 1_000
const MAX_TOKENS = 10_000
/** Braces, brackets and parentheses: the parser descends once for each. */
const MAX_NESTING = 50

export interface QueryLimits {
  readonly graphqlMaxRootFields: number
  readonly graphqlMaxAliases: number
}

/** Refuses text that is too long or too nested to be parsed safely. */
export function checkText(query: string): void {
  const lexer = new Lexer(new Source(query))
  let tokens = 0
  let nesting = 0
  for (let kind = lexer.advance().kind; kind !== TokenKind.EOF; kind = lexer.advance().kind) {
    tokens += 1
    if (kind === TokenKind.BRACE_L || kind === TokenKind.BRACKET_L || kind === TokenKind.PAREN_L) nesting += 1
    if (kind === TokenKind.BRACE_R || kind === TokenKind.BRACKET_R || kind === TokenKind.PAREN_R) nesting -= 1
    if (tokens > MAX_TOKENS) throw new GraphQLError(`Query exceeds maximum length of ${MAX_TOKENS} tokens`)
    if (nesting > MAX_NESTING) throw new GraphQLError(`Query exceeds maximum nesting of ${MAX_NESTING}`)
  }
}

/** Refuses a query that asks for too much: root fields and aliases as set, depth and selections as in MLflow. */
export function checkCost({ definitions }: DocumentNode, limits: QueryLimits): void {
  const fragments = new Map<string, FragmentDefinitionNode>()
  const asked: Cost = { rootFields: 0, aliases: 0, selections: 0 }
  // A fragment that no operation uses is validated all the same.
  const defined: Cost = { rootFields: 0, aliases: 0, selections: 0 }
  for (const one of definitions) {
    if (one.kind !== Kind.FRAGMENT_DEFINITION) continue
    fragments.set(one.name.value, one)
    addCost(defined, new Map(), one.selectionSet, 1)
  }
  for (const one of definitions) {
    if (one.kind === Kind.OPERATION_DEFINITION) addCost(asked, fragments, one.selectionSet, 1)
  }
  refuseAbove(asked.rootFields, limits.graphqlMaxRootFields, 'root fields', 'MAX_ROOT_FIELDS')
  refuseAbove(asked.aliases, limits.graphqlMaxAliases, 'aliases', 'MAX_ALIASES')
}

interface Cost {
  rootFields: number
  /** The most on one level, with those in the fragments it spreads. */
  aliases: number
  selections: number
}

/** Adds one level and those below it. A cycle of fragments is refused by validation; here its depth ends it. */
function addCost(
  cost: Cost,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  level: SelectionSetNode,
  depth: number,
): void {
  if (depth > MAX_DEPTH) throw new GraphQLError(`Query exceeds maximum depth of ${MAX_DEPTH}`)
  const fields = fieldsOf(level, fragments, () => {
    cost.selections += 1
    if (cost.selections > MAX_SELECTIONS) {
      throw new GraphQLError(`Query exceeds maximum total selections of ${MAX_SELECTIONS}`)
    }
  })
  cost.aliases = Math.max(cost.aliases, fields.filter((field) => field.alias).length)
  if (depth === 1) cost.rootFields += fields.length
  for (const field of fields) if (field.selectionSet) addCost(cost, fragments, field.selectionSet, depth + 1)
}

/** The fields of one level, those in fragments included; `onSelection` is called for everything looked at. */
function fieldsOf(
  level: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  onSelection: () => void,
): FieldNode[] {
  const fields: FieldNode[] = []
  const spread = new Set<string>()
  const sets = [level]
  for (let set = sets.pop(); set; set = sets.pop()) {
    for (const one of set.selections) {
      onSelection()
      if (one.kind === Kind.FIELD) fields.push(one)
      else if (one.kind === Kind.INLINE_FRAGMENT) sets.push(one.selectionSet)
      else {
        const fragment = spread.has(one.name.value) ? undefined : fragments.get(one.name.value)
        if (fragment) sets.push(fragment.selectionSet)
        spread.add(one.name.value)
      }
    }
  }
  return fields
}

function refuseAbove(value: number, most: number, what: string, setting: string): void {
  if (value <= most) return
  throw new GraphQLError(
    `GraphQL queries should have at most ${most} ${what}, got ${value} ${what}. To increase the limit, set the MLFLOW_SERVER_GRAPHQL_${setting} environment variable.`,
  )
}
