/** The drill's way through its states: that each is reached, and that none ends before what was restored is gone. */
import { beforeAll, describe, expect, it } from 'vitest'
import { drillDefinition } from './keeping-stack.ts'
import type { State } from './state-machine.ts'

const LAST = ['Passed', 'Failed']

describe('the states of a restore drill', () => {
  let states: Record<string, State>
  beforeAll(() => {
    states = drillDefinition().States
  })

  it('lead to states that there are, and each is reached', () => {
    const reached = reachable(states, ['Begin'])
    expect([...reached].sort()).toEqual(Object.keys(states).sort())
  })

  it('end in two only, and both are reached from each', () => {
    const ending = Object.keys(states).filter((name) => waysFrom(states, name).length === 0)
    expect(ending.sort()).toEqual(['Failed', 'Passed'])
    for (const name of Object.keys(states).filter((one) => !LAST.includes(one))) {
      expect([...reachable(states, [name])], name).toEqual(expect.arrayContaining(['HasPassed']))
    }
  })

  it.each(['DestroyDatabase', 'ListRestored', 'Report'])('never end without %s', (step) => {
    const { [step]: _, ...others } = states
    const reached = reachable(others, ['Begin'])
    expect([...reached].filter((name) => LAST.includes(name))).toEqual([])
  })

  it('catch whatever goes wrong while they restore, and destroy', () => {
    const work = Object.entries(states).filter(([, { Type }]) => Type === 'Task')
    const uncaught = work.filter(
      ([, one]) => !one.Catch?.some(({ ErrorEquals }) => ErrorEquals.includes('States.ALL')),
    )
    expect(uncaught.map(([name]) => name)).toEqual(['Report'])
    const beforeDestroying = work.filter(([name]) => !/Job$|^Destroy|^List|^Report/.test(name))
    expect(beforeDestroying.length).toBeGreaterThan(5)
    for (const [name, { Catch = [] }] of beforeDestroying) {
      expect(
        Catch.map(({ Next }) => Next),
        name,
      ).toEqual(['HasDatabaseJob'])
    }
  })

  it('go on destroying when a part of it fails', () => {
    const nextOf = (name: string) => states[name]?.Catch?.map(({ Next }) => Next)
    expect(nextOf('DestroyDatabase')).toEqual(['HasArtifactsJob', 'HasArtifactsJob'])
    expect(nextOf('AskForDatabaseJob')).toEqual(['DestroyDatabase'])
    expect(nextOf('AskForArtifactsJob')).toEqual(['ListRestored'])
    expect(nextOf('DestroyRestored')).toEqual(['Report'])
  })

  it('start the image of the servers on what was restored, with a command that only reads', () => {
    const { Arguments } = states.Verify as State
    const override = Arguments?.Overrides.ContainerOverrides[0]
    expect(override.Name).toBe('server')
    expect(override.Command.slice(0, 6)).toEqual([
      'verify',
      // The instance itself, whatever servers go through.
      '--live-host',
      '<DatabaseInstance>',
      '--restored-host',
      '{% $host %}',
      '--restored-secret',
    ])
    expect(Arguments?.Overrides.TaskRoleArn).toEqual('<KeepingDrillTaskRole>')
  })

  it('change and delete nothing but what the drill has named', () => {
    for (const name of ['TakePassword', 'AskForPassword', 'DestroyDatabase']) {
      expect(states[name]?.Arguments?.DbInstanceIdentifier, name).toMatch(/^test-?keeping-?drill/)
    }
    for (const name of ['ListRestored', 'DestroyRestored']) {
      expect(states[name]?.Arguments?.Bucket, name).toBe('<KeepingDrillRestored>')
    }
  })

  it('have no time limit of the whole, which would end a drill without destroying', () => {
    expect(drillDefinition()).not.toHaveProperty('TimeoutSeconds')
  })
})

function waysFrom(states: Record<string, State>, name: string): string[] {
  const { Next, Default, Choices = [], Catch = [] } = states[name] ?? ({ Type: 'none' } as State)
  return [Next, Default, ...[...Choices, ...Catch].map((one) => one.Next)].filter(
    (next) => next !== undefined,
  )
}

function reachable(states: Record<string, State>, from: string[]): Set<string> {
  const found = new Set<string>()
  for (const todo = [...from]; todo.length > 0; ) {
    const name = todo.pop() as string
    if (found.has(name) || !(name in states)) continue
    found.add(name)
    todo.push(...waysFrom(states, name))
  }
  return found
}
