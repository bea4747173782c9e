/** What was said and decided about versions of models, in the shapes of Databricks's registry. */
import { z } from 'zod'
import { invalidParameter } from '../errors.ts'
import { rpc } from '../rpc.ts'
import { ACTIVITY_TYPES, listActivities, type ModelActivity, OPEN } from '../store/model-activities.ts'
import { getModelVersionRow } from '../store/model-versions.ts'
import { checkMaxResults, integer, message, orUnset, requiredText, text, unlessEmpty } from '../wire.ts'
import { checkModelName, parseVersion } from './registry-limits.ts'

export const modelActivityRpcs = [
  rpc({
    method: 'GET',
    path: '/mlflow/activities/list',
    permission: { 'version.read': ({ name }) => ({ version: name }) },
    request: message({
      name: requiredText(),
      version: requiredText(),
      activity_type: z.enum(ACTIVITY_TYPES).optional(),
      max_results: integer().default(100),
      page_token: text().optional(),
    }),
    async handler({ db, caller }, { name, version, activity_type, max_results, page_token }) {
      checkModelName(name)
      checkMaxResults(max_results, 1_000)
      const found = await listActivities(db, await getModelVersionRow(db, name, parseVersion(version)), {
        type: activity_type,
        after: parseToken(page_token),
        limit: max_results + 1,
      })
      const page = found.slice(0, max_results)
      return {
        activities: unlessEmpty(page.map((one) => toWire(one, caller.name))),
        next_page_token: found.length > page.length ? page.at(-1)?.id : undefined,
      }
    },
  }),
]

export function toWire(activity: ModelActivity, caller: string) {
  return {
    id: activity.id,
    activity_type: activity.activity_type,
    user_id: activity.user_id,
    creation_timestamp: activity.creation_time,
    last_updated_timestamp: activity.last_updated_time,
    comment: orUnset(activity.comment),
    system_comment: orUnset(activity.system_comment),
    from_stage: orUnset(activity.from_stage),
    to_stage: orUnset(activity.to_stage),
    available_actions: unlessEmpty(availableActions(activity, caller)),
  }
}

/** What the caller may do to it, so far as that follows from whose it is. */
function availableActions({ activity_type, user_id, decision_id }: ModelActivity, caller: string): string[] {
  if (activity_type === 'NEW_COMMENT') return user_id === caller ? ['EDIT_COMMENT', 'DELETE_COMMENT'] : []
  if (decision_id !== OPEN) return []
  const decisions = ['APPROVE_TRANSITION_REQUEST', 'REJECT_TRANSITION_REQUEST']
  return user_id === caller ? [...decisions, 'CANCEL_TRANSITION_REQUEST'] : decisions
}

/** The last id of the page before: a comment that is deleted meanwhile shifts no page. */
function parseToken(token: string | undefined): string | undefined {
  if (!token) return undefined
  if (/^[0-9a-f-]{36}$/.test(token)) return token
  throw invalidParameter('Invalid page token: it is none of this list')
}
