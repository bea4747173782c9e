import { getVersionByAlias } from '../operations/model-uri.ts'
import { announceChange } from '../operations/webhook-events.ts'
import { shownVersion } from '../operations/withheld-versions.ts'
import { rpc } from '../rpc.ts'
import { deleteAlias, setAlias } from '../store/model-aliases.ts'
import { getModelVersionRow } from '../store/model-versions.ts'
import { requireRegisteredModel } from '../store/registered-models.ts'
import { message, requiredText } from '../wire.ts'
import { toWire } from './model-versions.ts'
import { checkAlias, checkModelName, checkNewAlias, parseVersion } from './registry-limits.ts'

const ALIAS = { ofModel: 'model_version_alias', ofPrompt: 'prompt_alias' } as const

export const modelAliasRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/registered-models/alias',
    permission: {
      'model.update': ({ name }) => ({ model: name }),
      'version.read': ({ name }) => ({ version: name }),
    },
    request: message({ name: requiredText(), alias: requiredText(), version: requiredText() }),
    async handler({ db, clock }, { name, alias, version }) {
      checkModelName(name)
      checkNewAlias(alias)
      const number = parseVersion(version)
      await db.transaction().execute(async (tx) => {
        await getModelVersionRow(tx, name, number)
        await setAlias(tx, name, alias, number)
        const data = { alias, version: String(number) }
        await announceChange(tx, { name, ...ALIAS, action: 'created', data, now: clock() })
      })
      return {}
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/registered-models/alias',
    permission: { 'version.read': ({ name }) => ({ version: name }) },
    request: message({ name: requiredText(), alias: requiredText() }),
    async handler({ db, caller }, { name, alias }) {
      checkModelName(name)
      checkAlias(alias)
      const version = await getVersionByAlias(db, name, alias)
      return { model_version: toWire(await shownVersion(db, caller.access, version)) }
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/mlflow/registered-models/alias',
    permission: {
      'model.delete': ({ name }) => ({ model: name }),
      'version.read': ({ name }) => ({ version: name }),
    },
    request: message({ name: requiredText(), alias: requiredText() }),
    async handler({ db, clock }, { name, alias }) {
      checkModelName(name)
      checkAlias(alias)
      await db.transaction().execute(async (tx) => {
        await requireRegisteredModel(tx, name)
        await deleteAlias(tx, name, alias)
        await announceChange(tx, { name, ...ALIAS, action: 'deleted', data: { alias }, now: clock() })
      })
      return {}
    },
  }),
]
