import { ONLY_SEEN } from '../auth/permission.ts'
import { shownRuns } from '../operations/withheld.ts'
import { rpc } from '../rpc.ts'
import { searchRuns } from '../search/runs.ts'
import { VIEW_TYPE_NUMBERS } from '../search/view-type.ts'
import { withRunData } from '../store/run-data.ts'
import { checkMaxResults, enumeration, integer, list, message, text, unlessEmpty } from '../wire.ts'
import { parseExperimentId } from './limits.ts'
import { toWireRun } from './runs.ts'

const DEFAULT_RESULTS = 1_000
const MOST_RESULTS = 50_000

export const runSearchRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/runs/search',
    permission: { 'run.read': ONLY_SEEN },
    request: message({
      experiment_ids: list(text()).default([]),
      filter: text().default(''),
      run_view_type: enumeration(VIEW_TYPE_NUMBERS),
      max_results: integer().default(DEFAULT_RESULTS),
      order_by: list(text()).default([]),
      page_token: text().optional(),
    }),
    async handler(
      { db, caller },
      { experiment_ids, filter, run_view_type, max_results, order_by, page_token },
    ) {
      checkMaxResults(max_results, MOST_RESULTS)
      const search = {
        experimentIds: experiment_ids.map(parseExperimentId),
        filter,
        viewType: run_view_type ?? ('ACTIVE_ONLY' as const),
        orderBy: order_by,
        maxResults: max_results,
        pageToken: page_token,
      }
      const { rows, nextPageToken } = await searchRuns(db, search, caller.access)
      const runs = await shownRuns(db, caller.access, await withRunData(db, rows))
      return { runs: unlessEmpty(runs.map(toWireRun)), next_page_token: nextPageToken }
    },
  }),
]
