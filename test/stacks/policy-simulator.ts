/** Whether AWS would let somebody do something, by the statements of a synthesized template. */
import { accessOf, type Statement, statementsOfRole } from '../../server/evidence/access.ts'
import type { Template } from '../../server/evidence/template.ts'

export interface Request {
  readonly action: string
  /** As the template says it: `${Bucket.Arn}/1/model.pkl`. */
  readonly resource: string
  /** Keys of the request that conditions ask for; a key that is not there is not in the request. */
  readonly context?: Readonly<Record<string, string>>
}

export type Decision = 'allowed' | 'denied' | 'not allowed'

/** What holds for a role: its own statements, and those in which a resource speaks of it or of everybody. */
export function statementsFor(template: Template, role: string): Statement[] {
  const spokenOf = accessOf(template)
    .filter(({ kind, statement }) => kind === 'resource' && concerns(statement, role))
    // In the policy of a resource `*` is that resource.
    .map(({ of, statement }) => ({
      ...statement,
      Resource: statement.Resource.flatMap((resource) =>
        resource === '*' ? [`\${${of}.Arn}`, `\${${of}.Arn}/*`] : [resource],
      ),
    }))
  return [...statementsOfRole(template, role), ...spokenOf]
}

/** One statement that refuses wins over all that allow; what none allows is not allowed. */
export function decide(statements: readonly Statement[], request: Request): Decision {
  const matching = statements.filter((statement) => matches(statement, request))
  if (matching.some(({ Effect }) => Effect === 'Deny')) return 'denied'
  return matching.some(({ Effect }) => Effect === 'Allow') ? 'allowed' : 'not allowed'
}

/** The same statements with one action of one of them gone, for every action of them that allows. */
export function withoutEachAction(
  statements: readonly Statement[],
): { readonly dropped: string; readonly statements: Statement[] }[] {
  return statements.flatMap((statement, index) =>
    statement.Effect === 'Deny'
      ? []
      : statement.Action.map((action) => ({
          dropped: `${action} on ${statement.Resource.join(', ')}`,
          statements: statements.with(index, {
            ...statement,
            Action: statement.Action.filter((other) => other !== action),
          }),
        })),
  )
}

function concerns({ Principal }: Statement, role: string): boolean {
  return Principal.some((who) => who === '*' || who === `\${${role}.Arn}`)
}

function matches(statement: Statement, { action, resource, context = {} }: Request): boolean {
  const { Action, NotAction, Resource, NotResource, Condition } = statement
  return (
    either(Action, NotAction, (pattern) => like(action.toLowerCase(), pattern.toLowerCase())) &&
    either(Resource, NotResource, (pattern) => like(resource, pattern)) &&
    Object.entries(Condition).every(([operator, keys]) => holds(operator, keys, context))
  )
}

function either(
  those: readonly string[],
  not: readonly string[],
  isMeant: (pattern: string) => boolean,
): boolean {
  return not.length > 0 ? !not.some(isMeant) : those.some(isMeant)
}

/** `*` is any text and `?` one character, as in IAM. */
function like(text: string, pattern: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's').test(text)
}

type Comparison = (given: string, wanted: string) => boolean

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  StringEquals: (given, wanted) => given === wanted,
  StringEqualsIgnoreCase: (given, wanted) => given.toLowerCase() === wanted.toLowerCase(),
  StringLike: like,
  ArnEquals: like,
  ArnLike: like,
  Bool: (given, wanted) => given.toLowerCase() === wanted.toLowerCase(),
  NumericLessThan: (given, wanted) => Number(given) < Number(wanted),
}

/** Every key must hold, for one of its values. @throws for an operator that nobody has taught it */
function holds(
  operator: string,
  keys: Readonly<Record<string, readonly string[]>>,
  context: Readonly<Record<string, string>>,
): boolean {
  const [, negated, name = '', ifExists] =
    /^(?:(StringNot|ArnNot)(?=Equals|Like))?(.+?)(IfExists)?$/.exec(operator) ?? []
  const comparison = COMPARISONS[negated ? `${negated.slice(0, -'Not'.length)}${name}` : name]
  if (!comparison) throw new Error(`a condition with ${operator}: teach it to the policy simulator`)
  return Object.entries(keys).every(([key, values]) => {
    const given = context[key]
    if (given === undefined) return Boolean(ifExists ?? negated)
    return values.some((wanted) => comparison(given, wanted)) !== Boolean(negated)
  })
}
