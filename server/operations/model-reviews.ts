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
  updateComment,
} from '../store/model-activities.ts'
import { lockModelVersion } from '../store/model-versions.ts'
import { activityOf, type Deed } from './model-activities.ts'
import { moveVersion, parseStage } from './model-stages.ts'

/** Something said about a version. */
export interface VersionDeed extends Deed {
  readonly name: string
  readonly version: number
}

/** A deed about the requests for a stage. */
export interface StageDeed extends VersionDeed {
  readonly stage: string
}

export async function commentOn(db: Db, deed: VersionDeed): Promise<ModelActivity> {
  return db.transaction().execute(async (tx) => {
    const activity = activityOf(await lockModelVersion(tx, deed.name, deed.version), 'NEW_COMMENT', deed)
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
    const version = await lockModelVersion(tx, deed.name, deed.version)
    const open = await listOpenRequests(tx, version)
    if (open.some((one) => one.to_stage === stage && one.user_id === deed.user)) {
      throw new ApiError(
        'RESOURCE_ALREADY_EXISTS',
        `${deed.user} has an open request to move ${named(deed)} to ${stage}`,
      )
    }
    const request = {
      ...activityOf(version, 'REQUESTED_TRANSITION', deed, { toStage: stage }),
      decision_id: OPEN,
    }
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
  const version = await lockModelVersion(tx, deed.name, deed.version)
  const activity = activityOf(version, type, deed, { toStage: stage })
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

function named({ name, version }: VersionDeed): string {
  return `Model Version (name=${name}, version=${version})`
}
