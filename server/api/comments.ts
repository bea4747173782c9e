import { commentOn, editComment, removeComment } from '../operations/model-reviews.ts'
import { rpc } from '../rpc.ts'
import { message, requiredText } from '../wire.ts'
import { toWire } from './model-activities.ts'
import { checkComment, checkModelName, parseVersion } from './registry-limits.ts'

export const commentRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/comments/create',
    permission: { 'version.comment': ({ name }) => ({ version: name }) },
    request: message({ name: requiredText(), version: requiredText(), comment: requiredText() }),
    async handler({ db, clock, caller }, { name, version, comment }) {
      checkModelName(name)
      checkComment(comment)
      const deed = { name, version: parseVersion(version), user: caller.name, comment, now: clock() }
      return { comment: toWire(await commentOn(db, deed), caller.name) }
    },
  }),
  rpc({
    method: 'PATCH',
    path: '/mlflow/comments/update',
    permission: { 'version.comment': ({ id }) => ({ activity: id }) },
    request: message({ id: requiredText(), comment: requiredText() }),
    async handler({ db, clock, caller }, { id, comment }) {
      checkComment(comment)
      const edited = await editComment(db, id, { user: caller.name, comment, now: clock() })
      return { comment: toWire(edited, caller.name) }
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/mlflow/comments/delete',
    requestIn: 'query',
    permission: { 'version.comment': ({ id }) => ({ activity: id }) },
    request: message({ id: requiredText() }),
    async handler({ db, caller }, { id }) {
      await removeComment(db, id, caller.name)
      return {}
    },
  }),
]
