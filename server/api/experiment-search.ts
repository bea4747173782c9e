import { ONLY_SEEN } from '../auth/permission.ts'
import type { RequestContext } from '../context.ts'
import { invalidParameter } from '../errors.ts'
import { rpc } from '../rpc.ts'
import { searchExperiments } from '../search/experiments.ts'
import { VIEW_TYPE_NUMBERS } from '../search/view-type.ts'
import { checkMaxResults, enumeration, integer, list, message, text, unlessEmpty } from '../wire.ts'
import { toWire } from './experiments.ts'

const MOST_RESULTS = 50_000

const request = message({
  view_type: enumeration(VIEW_TYPE_NUMBERS),
  // MLflow has no default here: a client must say how many.
  max_results: integer().default(0),
  order_by: list(text()).default([]),
  filter: text().default(''),
  page_token: text().optional(),
})

export const experimentSearchRpcs = (['GET', 'POST'] as const).map((method) =>
  rpc({
    method,
    path: '/mlflow/experiments/search',
    permission: { 'experiment.read': ONLY_SEEN },
    request,
    async handler({ db, caller }: RequestContext, { view_type, max_results, order_by, filter, page_token }) {
      if (max_results > MOST_RESULTS) {
        throw invalidParameter(
          `Invalid value ${max_results} for parameter 'max_results' supplied. It must be at most ${MOST_RESULTS}`,
        )
      }
      checkMaxResults(max_results, MOST_RESULTS)
      const search = {
        filter,
        viewType: view_type ?? 'ACTIVE_ONLY',
        orderBy: order_by,
        maxResults: max_results,
        pageToken: page_token,
      }
      const { rows, nextPageToken } = await searchExperiments(db, search, caller.access)
      return { experiments: unlessEmpty(rows.map(toWire)), next_page_token: nextPageToken }
    },
  }),
)
