/** What scanners wrote about a stack: files of checkov, of cfn-lint, and of the validation of CDK itself. */
import { z } from 'zod'

export interface ScanResult {
  readonly scanner: string
  readonly findings: readonly { readonly rule: string; readonly resource: string }[]
}

/** The rules that CDK itself holds every template against. */
const CDK = 'CloudFormation Validate'

const checkov = z
  .object({
    results: z.object({
      failed_checks: z.array(z.object({ check_id: z.string(), resource: z.string() })),
    }),
    summary: z.object({ checkov_version: z.string() }),
  })
  .transform(({ results, summary }) => [
    {
      scanner: `checkov ${summary.checkov_version}`,
      findings: results.failed_checks.map(({ check_id, resource }) => ({ rule: check_id, resource })),
    },
  ])

const cfnLint = z
  .array(
    z.object({
      Rule: z.object({ Id: z.string() }),
      Location: z.object({ Path: z.array(z.union([z.string(), z.number()])).nullable() }),
    }),
  )
  .transform((matches) => [
    {
      scanner: 'cfn-lint',
      findings: matches.map(({ Rule, Location }) => ({
        rule: Rule.Id,
        resource: String(Location.Path?.[1] ?? ''),
      })),
    },
  ])

/** A validation-report.json, or reports of plug-ins of CDK, such as packs of cdk-nag, in the form of one. */
const cdk = z
  .object({
    pluginReports: z.array(
      z.object({
        pluginName: z.string(),
        violations: z.array(
          z.object({
            ruleName: z.string(),
            violatingConstructs: z.array(z.object({ constructPath: z.string().default('') })).default([]),
          }),
        ),
      }),
    ),
  })
  .transform(({ pluginReports }) =>
    pluginReports.map(({ pluginName, violations }) => ({
      scanner: pluginName,
      findings: violations.flatMap(({ ruleName, violatingConstructs }) =>
        violatingConstructs.map(({ constructPath }) => ({ rule: ruleName, resource: constructPath })),
      ),
    })),
  )

const results = z.union([checkov, cfnLint, cdk])

/** @throws Error when no scanner that is known wrote the text */
export function parseResults(text: string): ScanResult[] {
  const parsed = results.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  throw new Error('neither JSON of checkov, nor of cfn-lint, nor a validation-report.json of CDK')
}

/** The validation-report.json that CDK always writes: it is silent about who found nothing, itself too. */
export function parseValidation(text: string): ScanResult[] {
  const found = parseResults(text)
  return found.some(({ scanner }) => scanner === CDK) ? found : [{ scanner: CDK, findings: [] }, ...found]
}
