/** What each permission asks of an owner or a part: MLflow's rules, over what `server/access` says of a caller. */
import {
  type Access,
  mayAdd,
  mayAssess,
  mayCreate,
  mayDeleteWhole,
  mayOn,
  mayOnPart,
} from '../access/access.ts'
import type { Action, Part } from '../access/grants.ts'
import type { Owned } from './owners.ts'
import type { PermissionName } from './permission.ts'

/** Whether a caller may do what a permission names to one object. */
export function isAllowed(access: Access, name: PermissionName, owned: Owned): boolean {
  const [resource = '', verb = ''] = name.split('.')
  const { owner, id, part } = owned
  if (verb === 'create') return mayMake(access, resource, owned)
  const action = verb === 'approve' ? 'manage' : (verb as Action)
  if (part === undefined) {
    if (resource === 'trace') return mayDeleteTraces(access, id)
    return action === 'delete' ? mayDeleteWhole(access, owner, id) : mayOn(access, action, owner, id)
  }
  if (resource === 'assessment') return mayOnAssessment(access, action, id)
  return mayOnPart(access, action, part, owner, id)
}

const PART_MADE: Readonly<Record<string, Part>> = {
  run: 'run',
  trace: 'trace',
  'logged-model': 'logged_model',
  assessment: 'assessment',
}

function mayMake(access: Access, resource: string, { owner, id, part }: Owned): boolean {
  const made = part ?? PART_MADE[resource]
  if (made === undefined) return mayCreate(access, owner, id)
  return made === 'trace' && resource === 'assessment'
    ? mayAssess(access, id)
    : mayAdd(access, made, owner, id)
}

/** Of an experiment; their assessments go with them. */
function mayDeleteTraces(access: Access, id: string): boolean {
  return mayOnPart(access, 'delete', 'trace', 'experiment', id) && mayDeleteAssessments(access, id)
}

function mayOnAssessment(access: Access, action: Action, id: string): boolean {
  if (!mayOnPart(access, 'read', 'trace', 'experiment', id)) return false
  return action === 'delete'
    ? mayDeleteAssessments(access, id)
    : mayOnPart(access, action, 'assessment', 'experiment', id)
}

/** A grant on assessments decides; without one, whoever may change the experiment may delete them. */
function mayDeleteAssessments(access: Access, id: string): boolean {
  return mayOnPart(access, 'delete', 'assessment', 'experiment', id, 'update')
}
