/** A drill from end to end, every expression evaluated: only the answers of AWS are made up. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Account, accountWith, type Trouble } from './drill-account.ts'
import { drillDefinition } from './keeping-stack.ts'
import { execute, type States } from './state-machine.ts'

/** In the order in which they are asked. */
const RESTORING = [
  'FindDatabase',
  'FindArtifacts',
  'DescribeDatabase',
  'RestoreDatabase',
  'RestoreArtifacts',
  'AskForDatabase',
  'AskForArtifacts',
  'TakePassword',
  'AskForPassword',
  'Verify',
]

let states: States

beforeAll(() => {
  states = drillDefinition().States
})

describe('a restore drill', () => {
  it('asks each thing of AWS with what it was told before, and leaves nothing behind', async () => {
    const { account, execution } = await drill()
    expect(execution.status).toBe('Succeed')
    expect(account).toMatchObject({ instances: ['live'], objects: [] })
    expect(account.reports.map(({ Subject }) => Subject)).toEqual(['Restore drill passed'])
    expect(account.reports[0]?.Message).toMatch(/^The newest backups were restored.*drill-1/)
    const first = [...new Set(account.asked.map(({ state }) => state))]
    expect(first.filter((state) => RESTORING.includes(state))).toEqual(RESTORING)
    const asked = (name: string) => account.asked.find(({ state }) => state === name)?.request
    const name = asked('DestroyDatabase')?.DbInstanceIdentifier
    expect(name).toMatch(/keeping-?drill/)
    expect(asked('RestoreDatabase')).toMatchObject({
      RecoveryPointArn: 'newest',
      IdempotencyToken: 'drill-1-RDS',
      Metadata: { DBInstanceIdentifier: name, DBInstanceClass: 'db.t4g.medium', DBSubnetGroupName: 'data' },
    })
    expect(asked('Verify')?.Overrides.ContainerOverrides[0].Command).toEqual(
      expect.arrayContaining(['--restored-host', 'restored.example', 'arn:secret']),
    )
  })

  it.each(RESTORING)('destroys and says so when AWS refuses %s', async (failing) => {
    const { account, execution } = await drill({ failing })
    expect(execution).toMatchObject({ status: 'Fail', cause: 'Refused: by the test' })
    expect(account).toMatchObject({ instances: ['live'], objects: [] })
    expect(account.reports).toMatchObject([
      { Subject: 'Restore drill FAILED', Message: expect.stringMatching(/^Refused: by the test \(arn:/) },
    ])
  })

  it.each(['FindDatabase', 'AskForArtifacts', 'DestroyRestored'])('tries %s again', async (failing) => {
    const { execution } = await drill({ failing, times: 2 })
    expect(execution.status).toBe('Succeed')
  })

  it.each([
    [{ ends: { RDS: 'FAILED' } }, 'Database not restored: FAILED no room'],
    [{ ends: { S3: 'ABORTED' } }, 'Artifacts not restored: ABORTED no room'],
    [{ points: [] }, /^States.QueryEvaluationError: .*RecoveryPointArn gives nothing/],
    [{ failing: 'DestroyRestored' }, 'not destroyed: Refused: by the test'],
    [{ kept: true }, /^not destroyed: .*AccessDenied/],
    [{ failing: 'ListRestored' }, 'not destroyed: Refused: by the test'],
  ])('reports %j', async (trouble, message) => {
    const { account, execution } = await drill(trouble)
    expect(execution.status).toBe('Fail')
    expect(execution.cause).toEqual(typeof message === 'string' ? message : expect.stringMatching(message))
    expect(account.instances).toEqual(['live'])
    expect(account.reports).toHaveLength(1)
  })

  it('ends within the 25,000 events of an execution, though jobs take a day and S3 has ever more', async () => {
    const { account, execution } = await drill({
      asks: 86_000 / Number(states.WaitForDatabase?.Seconds),
      endless: true,
    })
    expect(execution.status).toBe('Succeed')
    expect(account.reports[0]?.Message).toContain('goes by its lifecycle')
    const events = execution.states.map((name) => (states[name]?.Type === 'Task' ? 5 : 2))
    expect(events.reduce((sum, some) => sum + some, 0)).toBeLessThan(22_000)
  })

  it('empties the bucket though the database cannot be destroyed', async () => {
    const { account, execution } = await drill({ failing: 'DestroyDatabase' })
    expect(account).toMatchObject({ instances: ['live', expect.any(String)], objects: [] })
    expect(execution.cause).toBe('not destroyed: Refused: by the test')
  })

  it('waits for what is still being restored before it destroys', async () => {
    const { account, execution } = await drill({ failing: 'RestoreArtifacts', asks: 3 })
    const destroyed = execution.states.indexOf('DestroyDatabase')
    expect(execution.states.slice(0, destroyed).filter((name) => name === 'WaitForDatabaseJob')).toHaveLength(
      3,
    )
    expect(account.instances).toEqual(['live'])
  })
})

async function drill(trouble: Trouble = {}) {
  const account: Account = { instances: ['live'], objects: [], reports: [], asked: [] }
  const execution = await execute(states, 'Begin', accountWith(trouble, account))
  return { account, execution }
}
