import { expect, it } from 'vitest'
import { readEnterpriseOptions } from '../../../stacks/enterprise-options.ts'
import { keepingProps } from '../../../stacks/options/keeping.ts'
import { EDGE } from '../enterprise-synth.ts'

const read = (keeping: object) => readEnterpriseOptions({}, { edge: EDGE, keeping }).keeping

it('keeps backups for 35 days, drills nothing and removes nothing where nothing is said', () => {
  expect(keepingProps(read({}))).toEqual({ backup: { keepDays: 35 } })
  expect(keepingProps(read({ backup: { enabled: false } }))).toEqual({})
})

it('removes what was deleted only where it is told to', () => {
  expect(keepingProps(read({ gc: { mode: 'list' } })).gc).toEqual({ delete: false })
  expect(keepingProps(read({ gc: { mode: 'delete', olderThanDays: 90 } })).gc).toEqual({
    delete: true,
    olderThanDays: 90,
  })
})

it.each([
  [{ backup: { lock: { minDays: 40 } } }, 'keeping.backup.lock.minDays=40: is more than keepDays (35)'],
  [{ backup: { lock: { minDays: 7, changeableDays: 1 } } }, 'keeping.backup.lock.changeableDays=1: must be'],
  [
    { backup: { copyTo: { vaultArn: 'vault' } } },
    'keeping.backup.copyTo.vaultArn="vault": must be the ARN of a vault',
  ],
  [
    { backup: { enabled: false }, drill: { enabled: true } },
    'keeping.drill.enabled=true: needs keeping.backup.enabled',
  ],
  [{ gc: { mode: 'yes' } }, 'keeping.gc.mode="yes": must be off, list or delete'],
  [
    { gc: { schedule: 'weekly' } },
    'keeping.gc.schedule="weekly": must be a schedule of EventBridge Scheduler',
  ],
])('keeping %j is refused', (keeping, message) => {
  expect(() => read(keeping)).toThrow(message)
})
