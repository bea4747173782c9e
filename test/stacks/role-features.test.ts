import { beforeAll, describe, expect, it } from 'vitest'
import { trustOf } from '../../server/evidence/access.ts'
import { parseTemplate, type Template } from '../../server/evidence/template.ts'
import { decide, type Request, statementsFor, withoutEachAction } from './policy-simulator.ts'
import { PROFILES, templateTextOf, withoutHashes } from './profiles.ts'
import { ROLE_FEATURES } from './role-features.ts'
import type { Feature } from './role-requests.ts'

const templates = new Map<string, Template>()

beforeAll(() => {
  for (const profile of Object.keys(PROFILES)) {
    templates.set(profile, parseTemplate(templateTextOf(profile)))
  }
}, 120_000)

describe.each(Object.keys(PROFILES))('what each role may, %s', (profile) => {
  it('is what its features need', () => {
    const refused = rolesOf(profile).flatMap(({ role, statements, features }) =>
      features.flatMap(({ name, needs }) =>
        needs
          .filter((request) => decide(statements, request) !== 'allowed')
          .map((request) => `${role}: ${name} needs ${describeRequest(request)}`),
      ),
    )
    expect(refused).toEqual([])
  })

  it('is no more than they need: with any action dropped, one of them is refused', () => {
    const unneeded = rolesOf(profile).flatMap(({ role, statements, features }) =>
      withoutEachAction(statements)
        .filter((without) => features.every((feature) => works(feature, without.statements)))
        .map(({ dropped }) => `${role}: ${dropped}`),
    )
    expect(unneeded).toEqual([])
  })
})

it('every feature that is named belongs to a role of one of the profiles', () => {
  const roles = Object.keys(PROFILES).flatMap((profile) => rolesOf(profile).map(({ role }) => role))
  expect(Object.keys(ROLE_FEATURES).filter((role) => !roles.includes(role))).toEqual([])
})

function rolesOf(profile: string) {
  const template = templates.get(profile)
  if (!template) throw new Error(`no profile ${profile}`)
  return trustOf(template).map(({ role }) => {
    const name = withoutHashes(role)
    const statements = JSON.parse(withoutHashes(JSON.stringify(statementsFor(template, role))))
    const features = (ROLE_FEATURES[name] ?? []).filter(({ profiles }) => profiles?.includes(profile) ?? true)
    return { role: name, statements, features }
  })
}

function works({ needs }: Feature, statements: Parameters<typeof decide>[0]): boolean {
  return needs.every((request) => decide(statements, request) === 'allowed')
}

function describeRequest({ action, resource }: Request): string {
  return `${action} on ${resource}`
}
