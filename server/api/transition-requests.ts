import type { RequestContext } from '../context.ts'
import {
  approveRequests,
  cancelRequest,
  rejectRequests,
  requestTransition,
  type StageDeed,
} from '../operations/model-reviews.ts'
import { rpc } from '../rpc.ts'
import { listOpenRequests } from '../store/model-activities.ts'
import { getModelVersionRow } from '../store/model-versions.ts'
import { bool, message, requiredText, text, unlessEmpty } from '../wire.ts'
import { toWire } from './model-activities.ts'
import { checkComment, checkModelName, parseVersion } from './registry-limits.ts'

const stageOfVersion = {
  name: requiredText(),
  version: requiredText(),
  stage: requiredText(),
  comment: text().optional(),
}

export const transitionRequestRpcs = [
  rpc({
    method: 'GET',
    path: '/mlflow/transition-requests/list',
    permission: { 'version.read': ({ name }) => ({ version: name }) },
    request: message({ name: requiredText(), version: requiredText() }),
    async handler({ db, caller }, { name, version }) {
      checkModelName(name)
      const requests = await listOpenRequests(db, await getModelVersionRow(db, name, parseVersion(version)))
      return { requests: unlessEmpty(requests.map((one) => toWire(one, caller.name))) }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/transition-requests/create',
    permission: { 'version.comment': ({ name }) => ({ version: name }) },
    request: message(stageOfVersion),
    async handler(context, request) {
      const created = await requestTransition(context.db, toDeed(context, request))
      return { request: toWire(created, context.caller.name) }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/transition-requests/approve',
    permission: { 'model.approve': ({ name }) => ({ model: name }) },
    request: message({ ...stageOfVersion, archive_existing_versions: bool().default(false) }),
    async handler(context, request) {
      const archiveOthers = request.archive_existing_versions
      const approval = await approveRequests(context.db, { ...toDeed(context, request), archiveOthers })
      return { activity: toWire(approval, context.caller.name) }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/transition-requests/reject',
    permission: { 'model.approve': ({ name }) => ({ model: name }) },
    request: message(stageOfVersion),
    async handler(context, request) {
      const rejection = await rejectRequests(context.db, toDeed(context, request))
      return { activity: toWire(rejection, context.caller.name) }
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/mlflow/transition-requests/delete',
    requestIn: 'query',
    permission: { 'version.comment': ({ name }) => ({ version: name }) },
    request: message({ ...stageOfVersion, creator: requiredText() }),
    async handler(context, request) {
      const deed = { ...toDeed(context, request), creator: request.creator }
      return { activity: toWire(await cancelRequest(context.db, deed), context.caller.name) }
    },
  }),
]

interface StageOfVersion {
  readonly name: string
  readonly version: string
  readonly stage: string
  readonly comment?: string | undefined
}

function toDeed(
  { clock, caller }: RequestContext,
  { name, version, stage, comment }: StageOfVersion,
): StageDeed {
  checkModelName(name)
  checkComment(comment ?? '')
  return { name, version: parseVersion(version), stage, comment, user: caller.name, now: clock() }
}
