/** The audit log, for those who administer the server. Nothing changes or deletes an entry. */
import { ApiError, invalidParameter } from '../errors.ts'
import { rpc } from '../rpc.ts'
import { type AuditRow, listAudit } from '../store/audit.ts'
import { checkMaxResults, integer, message, text, unlessEmpty } from '../wire.ts'

const MOST_RESULTS = 1_000

export const auditRpcs = [
  rpc({
    method: 'GET',
    path: '/trackyard/audit',
    permission: 'admin',
    request: message({
      caller: text().optional(),
      action: text().optional(),
      object: text().optional(),
      outcome: text().optional(),
      since: integer().optional(),
      until: integer().optional(),
      max_results: integer().default(100),
      page_token: text().default(''),
    }),
    async handler({ login }, { max_results, page_token, ...filter }) {
      if (!login) throw new ApiError('ENDPOINT_NOT_FOUND', 'There is an audit log only while a login is on.')
      checkMaxResults(max_results, MOST_RESULTS)
      const before = parseToken(page_token)
      const rows = await listAudit(login.db, { ...filter, before }, max_results)
      return {
        entries: unlessEmpty(rows.map(toWire)),
        next_page_token: rows.length === max_results ? rows.at(-1)?.entry_id : undefined,
      }
    },
  }),
]

/** The id of the entry that a page ended with. */
function parseToken(token: string): string | undefined {
  if (token === '') return undefined
  if (!/^[0-9a-f]{32}$/.test(token)) throw invalidParameter('Invalid page token')
  return token
}

function toWire({ via, detail, ...row }: AuditRow) {
  return { ...row, signed_in_with: via, detail: detail || undefined }
}
