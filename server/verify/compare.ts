/** A server on a pair of a database and a store, and whether what it answers is what is there. */
import type { Config } from '../config.ts'
import type { Db } from '../db/index.ts'
import type { ReadFile } from '../operations/verify.ts'
import { countServed } from './counts.ts'
import { compareFiles } from './files.ts'
import { serveReadOnly } from './served.ts'
import { compareRuns } from './values.ts'

export interface Sample {
  readonly runIds: readonly string[]
  readonly files: readonly ReadFile[]
}

/** What the server answered, for the report, and what is wrong with it; no more than that it does not start. */
export async function askServer(config: Config, db: Db, sample: Sample, say: (text: string) => void) {
  try {
    const served = await serveReadOnly(config)
    try {
      const { counts, cutOff, problems: miscounted } = await countServed(served, db, say)
      const { problems: differing, ...runs } = await compareRuns(served, db, sample.runIds)
      say(`${runs.runs} runs compared`)
      const { problems: unread, ...files } = await compareFiles(served, sample.files)
      say(`${files.files} files compared`)
      return {
        served: { counts, cutOff, compared: { ...runs, ...files } },
        problems: [...miscounted, ...differing, ...unread],
      }
    } finally {
      await served.close()
    }
  } catch (error) {
    return { served: undefined, problems: [`the server: ${(error as Error).message}`] }
  }
}
