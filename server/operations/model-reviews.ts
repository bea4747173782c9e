/** Comments on versions of models, and requests to move them to a stage that somebody approves or rejects. */
import type { Db } from '../db/index.ts'
import { ApiError, notFound } from '../errors.ts'
import {
  type ActivityType,
  deleteComment,
  endRequests,
  findComment,
  insertActivities,
  listOpenRequests,
  type ModelActivity,
  OPEN,
  rowsOf,
  updateComment,
} from '../store/model-activities.ts'
import { getModelVersionRow, type ModelVersionRow } from '../store/model-versions.ts'
import { newSortedId } from './ids.ts'
import { moveVersion, parseStage } from './model-stages.ts'

/** Who does something to a version, when, and what they say about it. */
export interface Deed {
  readonly name: string
  readonly version: number
  readonly user: string
  readonly comment?: string | undefined
  readonly now: number
}

/** A deed about the requests for a stage. */
export interface StageDeed extends Deed {
  readonly stage: string
}

export async function commentOn(db: Db, deed: Deed): Promise<ModelActivity> {
  return db.transaction().execute(async (tx) => {
    const activity = activityOf(await getModelVersionRow(tx, deed.name, deed.version), 'NEW_COMMENT', deed)
    await insertActivities(tx, [activity])
    return activity
  })
}

/** @throws ApiError PERMISSION_DENIED for a comment of somebody else */
export async function editComment(
  db: Db,
  id: string,
  { user, comment, now }: { user: string; comment: string; now: number },
): Promise<ModelActivity> {
  return db.transaction().execute(async (tx) => {
    const found = await getOwnComment(tx, id, user)
    await updateComment(tx, id, comment, now)
    return { ...found, comment, last_updated_time: now }
  })
}

/** @throws ApiError PERMISSION_DENIED for a comment of somebody else */
export async function removeComment(db: Db, id: string, user: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await getOwnComment(tx, id, user)
    await deleteComment(tx, id)
  })
}

/** @throws ApiError RESOURCE_ALREADY_EXISTS when the user has such a request open */
export async function requestTransition(db: Db, deed: StageDeed): Promise<ModelActivity> {
  const stage = parseStage(deed.stage)
  return db.transaction().execute(async (tx) => {
    const version = await getModelVersionRow(tx, deed.name, deed.version)
    const open = await listOpenRequests(tx, version)
    if (open.some((one) => one.to_stage === stage && one.user_id === deed.user)) {
      throw new ApiError(
        'RESOURCE_ALREADY_EXISTS',
        `${deed.user} has an open request to move ${named(deed)} to ${stage}`,
      )
    }
    const request = { ...activityOf(version, 'REQUESTED_TRANSITION', deed, stage), decision_id: OPEN }
    await insertActivities(tx, [request])
    return request
  })
}

/** Ends every open request for a stage and moves the version there, both or neither. */
export async function approveRequests(
  db: Db,
  deed: StageDeed & { archiveOthers: boolean },
): Promise<ModelActivity> {
  return db.transaction().execute(async (tx) => {
    const activity = await decide(tx, 'APPROVED_REQUEST', deed)
    await moveVersion(tx, deed)
    return activity
  })
}

/** Ends every open request for a stage; the version stays where it is. */
export async function rejectRequests(db: Db, deed: StageDeed): Promise<ModelActivity> {
  return db.transaction().execute((tx) => decide(tx, 'REJECTED_REQUEST', deed))
}

/** Takes back one's own request. */
export async function cancelRequest(db: Db, deed: StageDeed & { creator: string }): Promise<ModelActivity> {
  if (deed.creator !== deed.user) {
    throw new ApiError('PERMISSION_DENIED', `Only ${deed.creator} may take back a request of ${deed.creator}`)
  }
  return db.transaction().execute((tx) => decide(tx, 'CANCELLED_REQUEST', deed))
}

async function decide(
  tx: Db,
  type: ActivityType,
  deed: StageDeed & { creator?: string },
): Promise<ModelActivity> {
  const stage = parseStage(deed.stage)
  const version = await getModelVersionRow(tx, deed.name, deed.version)
  const activity = activityOf(version, type, deed, stage)
  const ended = await endRequests(tx, version, { stage, user: deed.creator, decisionId: activity.id })
  if (ended === 0) throw notFound(`There is no open request to move ${named(deed)} to ${stage}`)
  await insertActivities(tx, [activity])
  return activity
}

async function getOwnComment(tx: Db, id: string, user: string): Promise<ModelActivity> {
  const comment = await findComment(tx, id)
  if (!comment) throw notFound(`Comment (id=${id}) not found`)
  if (comment.user_id === user) return comment
  throw new ApiError('PERMISSION_DENIED', `Only ${comment.user_id} may change comment (id=${id})`)
}

function activityOf(
  version: ModelVersionRow,
  type: ActivityType,
  { user, comment, now }: Deed,
  toStage?: string,
): ModelActivity {
  return {
    ...rowsOf(version),
    id: newSortedId(),
    activity_type: type,
    user_id: user,
    comment: comment || null,
    from_stage: toStage === undefined ? null : version.current_stage,
    to_stage: toStage ?? null,
    system_comment: null,
    decision_id: null,
    creation_time: now,
    last_updated_time: now,
  }
}

function named({ name, version }: Deed): string {
  return `Model Version (name=${name}, version=${version})`
}
