import { parseAge } from '../operations/age.ts'
import { type Collected, collectGarbage } from '../operations/collect-garbage.ts'
import { rpc } from '../rpc.ts'
import { bool, checkMaxResults, integer, list, message, requiredText, text, unlessEmpty } from '../wire.ts'

const MOST_RESULTS = 1_000

export const garbageRpcs = [
  rpc({
    method: 'POST',
    path: '/trackyard/gc',
    permission: 'admin',
    request: message({
      older_than: text().optional(),
      run_ids: list(requiredText()).optional(),
      experiment_ids: list(requiredText()).optional(),
      logged_model_ids: list(requiredText()).optional(),
      dry_run: bool().default(true),
      max_results: integer().default(MOST_RESULTS),
    }),
    async handler(context, { older_than, dry_run, max_results, ...ids }) {
      checkMaxResults(max_results, MOST_RESULTS)
      const collected: Collected[] = []
      const all = collectGarbage(context, {
        olderThanMs: older_than ? parseAge(older_than) : 0,
        runIds: ids.run_ids,
        experimentIds: ids.experiment_ids,
        loggedModelIds: ids.logged_model_ids,
        dryRun: dry_run,
      })
      for await (const one of all) {
        collected.push(one)
        if (collected.length === max_results) break
      }
      return {
        dry_run,
        items: unlessEmpty(collected.map(toWire)),
        is_complete: collected.length < max_results,
      }
    },
  }),
]

function toWire({ kind, id, artifactUri, keptBecause }: Collected) {
  return {
    kind: kind.replace(/[ -]/g, '_').toUpperCase(),
    id,
    artifact_uri: artifactUri,
    kept_because: keptBecause,
  }
}
