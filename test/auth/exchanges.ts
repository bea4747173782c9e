/** Every route with a request of each of its methods, and what follows from its permission. */
import type { FastifyInstance, LightMyRequestResponse, RouteOptions } from 'fastify'
import { LEVELS, type Level } from '../../server/access/grants.ts'
import type { Permission } from '../../server/auth/permission.ts'
import { nameOf, ONLY_SEEN } from '../../server/auth/permission.ts'

export type Outcome = 'let through' | 'denied' | 'not signed in'

/** The least level for each thing that is done to what one has a level on. */
const LEAST: Readonly<Record<string, Level>> = {
  read: 'READ',
  comment: 'READ',
  create: 'EDIT',
  update: 'EDIT',
  delete: 'MANAGE',
  manage: 'MANAGE',
  approve: 'MANAGE',
  // Of one's own.
  'experiment.create': 'NO_PERMISSIONS',
  'model.create': 'NO_PERMISSIONS',
  // MLflow's: it counts as a change of the experiment.
  'assessment.delete': 'EDIT',
}

/** Whether a request may take something out of the world, or the grants away from it. */
export function mayEnd(route: RouteOptions): boolean {
  const isChange = Object.keys(permissionOf(route)).some((name) => /\.(delete|manage)$/.test(name))
  return isChange || route.url.endsWith('/rename')
}

/** Each route with each of its methods; those about models with the name of a model and the name of a prompt. */
export function exchanges(app: FastifyInstance) {
  return app.mounted.flatMap((route) =>
    [route.method]
      .flat()
      .flatMap((method) => namesFor(route).map((name) => ({ route, method: method as 'GET', name }))),
  )
}

function namesFor(route: RouteOptions): readonly ('model' | 'prompt')[] {
  const isOfModels = Object.keys(permissionOf(route)).some((name) => /^(model|version)\./.test(name))
  return isOfModels ? ['model', 'prompt'] : ['model']
}

export function permissionOf({ config }: RouteOptions): Permission {
  if (!config?.permission) throw new Error('no permission')
  return config.permission
}

export function expectedOf(permission: Permission, level: Level | 'admin' | undefined): Outcome {
  if (permission === 'open') return 'let through'
  if (level === undefined) return 'not signed in'
  if (level === 'admin' || permission === 'signed-in') return 'let through'
  // Users and roles are the admins': the request names another user than the one who asks.
  if (permission === 'admin' || /^(user|role)\./.test(nameOf(permission) ?? '')) return 'denied'
  const needed = Object.entries(permission).flatMap(([name, objects]) =>
    objects === ONLY_SEEN ? [] : [LEAST[name] ?? LEAST[name.split('.')[1] ?? ''] ?? 'MANAGE'],
  )
  const isMet = needed.every((least) => LEVELS.indexOf(level) >= LEVELS.indexOf(least))
  return isMet ? 'let through' : 'denied'
}

export function outcomeOf({ statusCode, headers, body }: LightMyRequestResponse): Outcome {
  const leadsToSignIn = String(headers.location).startsWith('/auth/sign-in?return_to=')
  if (headers['www-authenticate'] !== undefined || leadsToSignIn) return 'not signed in'
  // Whose a comment is, a handler asks, which says so in words of its own.
  return statusCode === 403 && !/"Only \w+ may /.test(body) ? 'denied' : 'let through'
}
