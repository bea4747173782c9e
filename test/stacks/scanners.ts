/** The scanners that a security team runs over a stack: what they print, and what they found. */
import { basename, dirname, join } from 'node:path'
import type { Stack } from 'aws-cdk-lib'
import { AwsSolutionsChecks, NIST80053R5Checks, PCIDSS321Checks } from 'cdk-nag'
import { run } from '../support/programs.ts'
import { pythonEnvironment } from '../support/python.ts'

export interface Finding {
  readonly rule: string
  /** Path of the construct below its stack; of a scanner that reads templates, the logical id. */
  readonly where: string
}

const PACKS = [AwsSolutionsChecks, NIST80053R5Checks, PCIDSS321Checks]

export interface NagReport {
  readonly pluginName: string
  readonly violations: {
    readonly ruleName: string
    readonly violatingConstructs: { readonly constructPath: string }[]
  }[]
}

/** Each pack as CDK would write it into its validation-report.json, where it finds nothing too. */
export function runNag(stack: Stack): NagReport[] {
  return PACKS.map((Pack) => {
    const pack = new Pack()
    const { violations } = pack.validateScope(stack)
    return {
      pluginName: `cdk-nag ${pack.name}`,
      violations: violations.map(({ ruleName, violatingResources }) => ({
        ruleName,
        violatingConstructs: violatingResources.map(({ constructPath = '' }) => ({ constructPath })),
      })),
    }
  })
}

export function nagFindings(stack: Stack, reports: readonly NagReport[]): Finding[] {
  return reports
    .flatMap(({ violations }) => violations)
    .flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => ({
        rule: ruleName,
        where: constructPath.slice(stack.node.path.length + 1),
      })),
    )
}

/** The folder of the programs; undefined, with the reason printed, where they are not to be had. */
export async function scannerPrograms(): Promise<string | undefined> {
  const environment = await pythonEnvironment('requirements-scanners.txt')
  return environment && dirname(environment.python)
}

export interface LintMatch {
  readonly Filename: string
  readonly Rule: { readonly Id: string }
  readonly Location: { readonly Path: readonly (string | number)[] | null }
}

export async function runCfnLint(programs: string, files: readonly string[]): Promise<LintMatch[]> {
  const args = ['--format', 'json', '--non-zero-exit-code', 'none', ...files]
  return JSON.parse(await run(join(programs, 'cfn-lint'), args))
}

/** What it printed of one of the files. */
export function lintOf(matches: readonly LintMatch[], file: string): LintMatch[] {
  return matches.filter(({ Filename }) => basename(Filename) === file)
}

export function lintFindings(matches: readonly LintMatch[]): Finding[] {
  return matches.map(({ Rule, Location }) => ({ rule: Rule.Id, where: String(Location.Path?.[1] ?? '') }))
}

export interface CheckovReport {
  readonly results: {
    readonly failed_checks: readonly {
      readonly check_id: string
      readonly resource: string
      readonly file_abs_path: string
    }[]
  }
  readonly summary: {
    readonly passed: number
    readonly parsing_errors: number
    readonly checkov_version: string
  }
}

/** Offline: nothing of its vendor's platform is asked, and nothing is told to it. */
export async function runCheckov(programs: string, files: readonly string[]): Promise<CheckovReport> {
  const args = ['--framework', 'cloudformation', '--output', 'json', '--compact', '--quiet', '--soft-fail']
  const given = files.flatMap((file) => ['--file', file])
  const report: CheckovReport = JSON.parse(
    await run(join(programs, 'checkov'), [...args, '--skip-download', ...given]),
  )
  const { passed, parsing_errors } = report.summary
  if (passed === 0 || parsing_errors > 0) throw new Error('checkov could not read the templates')
  return report
}

/** What it printed of one of the files. */
export function checkovOf({ results, summary }: CheckovReport, file: string): CheckovReport {
  const failed = results.failed_checks.filter(({ file_abs_path }) => basename(file_abs_path) === file)
  return { results: { failed_checks: failed }, summary }
}

export function checkovFindings({ results }: CheckovReport): Finding[] {
  return results.failed_checks.map(({ check_id, resource }) => ({
    rule: check_id,
    where: resource.split('.').at(-1) ?? '',
  }))
}
