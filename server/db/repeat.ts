import { setTimeout as delay } from 'node:timers/promises'
import { Kysely, type KyselyConfig, type Transaction, type TransactionBuilder } from 'kysely'

const MOST_ATTEMPTS = 10

/**
 * Kysely whose transactions run again when another one was in their way: a deadlock, or a row that both inserted.
 * The second time a transaction finds that row, and answers as if it had come later. So do those whose connection ended
 * before they were committed. Whatever a transaction does besides its queries must bear being done twice.
 */
export class RepeatingKysely<DB> extends Kysely<DB> {
  readonly #isOvertaken: (error: unknown) => boolean

  constructor(config: KyselyConfig, isOvertaken: (error: unknown) => boolean) {
    super(config)
    this.#isOvertaken = isOvertaken
  }

  override transaction(): TransactionBuilder<DB> {
    const builder = super.transaction()
    const once = builder.execute.bind(builder)
    const execute = <T>(work: (tx: Transaction<DB>) => Promise<T>) =>
      repeated(() => once(work), this.#isOvertaken)
    return Object.assign(builder, { execute })
  }
}

/** Does `work` again, after a short and varying pause, while it fails because of others. */
export async function repeated<T>(
  work: () => Promise<T>,
  isWorthIt: (error: unknown) => boolean,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === MOST_ATTEMPTS || !isWorthIt(error)) throw error
      await delay(Math.random() * 2 ** Math.min(attempt, 6))
    }
  }
}
