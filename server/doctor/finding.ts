/** What a check of `trackyard doctor` is, and what it comes to. */
import { reasonOf } from '../db/faults.ts'

export type Outcome = 'ok' | 'warning' | 'failed' | 'skipped'

export interface Finding {
  readonly outcome: Outcome
  readonly found: string
  /** What to do about it. */
  readonly advice?: string
}

export interface Check<Subject> {
  readonly name: string
  /** Name of an earlier check: where that fails there is nothing to see here. */
  readonly needs?: string
  /** What it throws is a failure too. */
  run(subject: Subject): Promise<Finding>
}

export interface Report extends Finding {
  readonly check: string
}

export const ok = (found: string): Finding => ({ outcome: 'ok', found })
export const skipped = (found: string): Finding => ({ outcome: 'skipped', found })
export const warning = (found: string, advice: string): Finding => ({ outcome: 'warning', found, advice })
export const failed = (found: string, advice: string): Finding => ({ outcome: 'failed', found, advice })

/** Runs checks one after another: what one writes another may measure. */
export async function runChecks<Subject>(
  checks: readonly Check<Subject>[],
  subject: Subject,
): Promise<Report[]> {
  const reports: Report[] = []
  for (const { name, needs, run } of checks) {
    const needed = reports.find(({ check }) => check === needs)
    const isFutile = needed !== undefined && ['failed', 'skipped'].includes(needed.outcome)
    reports.push({
      check: name,
      ...(isFutile ? skipped(`needs: ${needs}`) : await run(subject).catch(unforeseen)),
    })
  }
  return reports
}

function unforeseen(error: unknown): Finding {
  return failed(reasonOf(error), 'the log of the server may say more')
}

/** One line a check, and below a bad one what to do. */
export function toText(reports: readonly Report[]): string {
  return reports
    .map(({ check, outcome, found, advice }) => {
      const line = `${outcome.padEnd(8)} ${check.padEnd(12)} ${found}`
      return advice ? `${line}\n${' '.repeat(22)}do: ${advice}` : line
    })
    .join('\n')
}
