import type { Tag } from '../store/experiments.ts'
import { message, orUnset, requiredText, text, unlessEmpty } from '../wire.ts'

/** A tag that comes with what it is on: MLflow checks neither its key nor its value there. */
export const tagMessage = message({ key: text().default(''), value: text().default('') })

/** A tag, a parameter or the like that must have a key. */
export const keyedMessage = message({ key: requiredText(), value: text().default('') })

export function toWireTags(tags: readonly Tag[]) {
  return unlessEmpty(tags.map(({ key, value }) => ({ key, value: orUnset(value) })))
}
