/**
 * Starting leaves a fifth of the process's memory to garbage and to a young generation as large as the start
 * needed. V8 gives neither back before something allocates again, which an idle server hardly does.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Later than the first request of who waits for the server, which a collection would hold up. */
const AFTER_MS = 1_000

/** Collects once, soon, and gives the memory back to the system. */
export function releaseStartUpMemory(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as NodeJS.GCFunction
    setFlagsFromString('--no-expose-gc')
    // The only flavor that shrinks the young generation.
    void collect({ type: 'major', execution: 'async', flavor: 'last-resort' })
  }, AFTER_MS).unref()
}
