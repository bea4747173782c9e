/** The rules of server/access/ against MLflow's own, over every grant there can be in one place and pairs of them. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { accessOf, mayAdd, mayOn, mayOnPart } from '../../server/access/access.ts'
import {
  type Action,
  type Grant,
  LEVELS,
  type Level,
  type Owner,
  type Part,
} from '../../server/access/grants.ts'
import { mlflowEnvironment } from '../support/mlflow.ts'

interface Question {
  readonly asks: 'owner' | 'part' | 'new part'
  readonly action: Action
  readonly owner: Owner
  readonly id: string
  readonly part: Part
}

interface Case {
  readonly grants: readonly Grant[]
  readonly defaultLevel: Level
  readonly question: Question
}

const ACTIONS = ['read', 'update', 'delete', 'manage'] as const
const PLACES = [
  ['experiment', '1'],
  ['experiment', '2'],
  ['experiment', '*'],
  ['run', '*'],
  ['trace', '*'],
] as const

const QUESTIONS: readonly Question[] = ACTIONS.flatMap((action) =>
  (['owner', 'part', 'new part'] as const).map(
    (asks): Question => ({ asks, action, owner: 'experiment', id: '1', part: 'run' }),
  ),
)

const environment = await mlflowEnvironment()

describe.skipIf(!environment)('access', () => {
  it("is what MLflow's rules say, for any two grants", { timeout: 180_000 }, async () => {
    const cases = allCases()
    expect(cases.length).toBeGreaterThan(10_000)
    const theirs = await askMlflow(environment?.python ?? '', cases)
    const different = cases.filter((one, index) => ours(one) !== theirs[index])
    expect(different.slice(0, 5)).toEqual([])
  })
})

function allCases(): Case[] {
  const single = PLACES.flatMap(([resourceType, pattern]) =>
    LEVELS.map((level): Grant => ({ resourceType, pattern, level })),
  )
  const sets = [
    [],
    ...single.map((one) => [one]),
    ...single.flatMap((a, i) => single.slice(i).map((b) => [a, b])),
  ]
  return sets.flatMap((grants) =>
    (['NO_PERMISSIONS', 'READ', 'EDIT'] as const).flatMap((defaultLevel) =>
      QUESTIONS.map((question) => ({ grants, defaultLevel, question })),
    ),
  )
}

function ours({ grants, defaultLevel, question: { asks, action, owner, id, part } }: Case): boolean {
  const access = accessOf({ isAdmin: false, grants }, defaultLevel)
  if (asks === 'owner') return mayOn(access, action, owner, id)
  return asks === 'part' ? mayOnPart(access, action, part, owner, id) : mayAdd(access, part, owner, id)
}

async function askMlflow(python: string, cases: readonly Case[]): Promise<boolean[]> {
  const child = spawn(python, [join(import.meta.dirname, 'mlflows-rules.py')], {
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.end(JSON.stringify(cases))
  return JSON.parse(await text(child.stdout)) as boolean[]
}
