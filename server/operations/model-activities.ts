import { type ActivityType, type ModelActivity, rowsOf } from '../store/model-activities.ts'
import type { ModelVersionRow } from '../store/model-versions.ts'
import { newSortedId } from './ids.ts'

/** Who does something, when, and what they say about it. */
export interface Deed {
  readonly user: string
  readonly comment?: string | undefined
  readonly now: number
}

/** What is to be kept of a deed, from the version as it was before. */
export function activityOf(
  version: ModelVersionRow,
  type: ActivityType,
  { user, comment, now }: Deed,
  { toStage, systemComment }: { toStage?: string; systemComment?: string } = {},
): ModelActivity {
  return {
    ...rowsOf(version),
    id: newSortedId(),
    activity_type: type,
    user_id: user,
    comment: comment || null,
    from_stage: toStage === undefined ? null : version.current_stage,
    to_stage: toStage ?? null,
    system_comment: systemComment ?? null,
    decision_id: null,
    creation_time: now,
    last_updated_time: now,
  }
}
