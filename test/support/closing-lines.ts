/** Ends a test run with what was skipped and why, and one plain line of counts. */
import type { UserConsoleLog } from 'vitest'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

export class ClosingLines implements Reporter {
  readonly #reasons = new Set<string>()

  /** Tests say `skipped: …` where the machine lacks what they need. */
  onUserConsoleLog({ content }: UserConsoleLog): void {
    for (const line of content.split('\n')) if (line.startsWith('skipped: ')) this.#reasons.add(line)
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((one) => [...one.children.allTests()])
    const skipped = tests.filter((test) => test.result().state === 'skipped')
    // Files that could not be loaded and suites whose hooks failed have no failed test to count.
    const suites = modules.flatMap((one) => [one, ...one.children.allSuites()])
    const broken = suites.filter((one) => one.errors().length > 0).length + errors.length
    const passed = tests.filter((test) => test.result().state === 'passed').length
    const failed = tests.filter((test) => test.result().state === 'failed').length + broken
    for (const line of [...this.#reasons, ...skipped.map(nameOf)]) console.log(line)
    console.log(
      `${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`,
    )
  }
}

function nameOf(test: TestCase): string {
  const result = test.result()
  const note = result.state === 'skipped' ? result.note : undefined
  return `  skipped ${test.module.relativeModuleId}: ${test.fullName}${note ? ` (${note})` : ''}`
}
