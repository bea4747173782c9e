/** What a search is ordered by. */
import { invalidParameter } from '../errors.ts'
import { type Grammar, type Key, parseKey } from './grammar.ts'
import { groupTerms } from './syntax.ts'
import { tokenize } from './tokens.ts'

export interface Order {
  readonly key: Key
  readonly ascending: boolean
}

/** Each costs a look-up for every row. */
const MOST_ORDERS = 30

/** @throws ApiError for a key the entity has not, or has twice */
export function parseOrders(grammar: Grammar, orderBy: readonly string[]): Order[] {
  checkOrderCount(orderBy)
  return orderBy.map((clause) => {
    const { text, ascending } = parseDirection(clause)
    return { key: parseKey(grammar, text, grammar.orderAttributes), ascending }
  })
}

/** @throws ApiError for more entries than an order may have */
export function checkOrderCount(orderBy: readonly unknown[]): void {
  if (orderBy.length <= MOST_ORDERS) return
  throw invalidParameter(`order_by may have at most ${MOST_ORDERS} entries.`)
}

/** @throws ApiError for a column that stands in an order twice */
export function refuseDuplicates(columns: readonly string[], orderBy: readonly string[]): void {
  if (new Set(columns).size === columns.length) return
  throw invalidParameter(`\`order_by\` contains duplicate fields: ${JSON.stringify(orderBy)}`)
}

/** Splits `key DESC`; the key's quotes stay only where nothing follows it, as they do in MLflow. */
export function parseDirection(clause: string): { text: string; ascending: boolean } {
  const tokens = tokenize(clause)
  const [key, direction, ...rest] = groupTerms(tokens)
  const padded = tokens[0]?.kind === 'space' || tokens.at(-1)?.kind === 'space'
  if (key?.kind !== 'identifier' || rest.length > 0 || padded) throw unparsable(clause)
  const bare = key.text.replace(/`([^`]*)`|"([^"]*)"|'([^']*)'/g, '')
  if (/\s/.test(bare)) throw unparsable(clause)
  if (!direction) return { text: key.text, ascending: true }
  if (direction.kind === 'identifier') {
    throw invalidParameter(`Invalid ordering key in order_by clause '${clause}'.`)
  }
  if (direction.kind !== 'direction' || /\s/.test(direction.text)) throw unparsable(clause)
  return { text: withoutQuotes(key.text), ascending: direction.text.toLowerCase() === 'asc' }
}

function withoutQuotes(text: string): string {
  return text.replace(
    /`([^`]*)`|"([^"]*)"|'([^']*)'/g,
    (_whole, tick: string, double: string, single: string) => tick ?? double ?? single,
  )
}

function unparsable(clause: string) {
  return invalidParameter(`Invalid order_by clause '${clause}'. Could not be parsed.`)
}
