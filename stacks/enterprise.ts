/** The CDK app. */
import { App } from 'aws-cdk-lib'
import { SettingsError } from '../constructs/settings.ts'
import { acknowledgeFindings } from './acknowledge-findings.ts'
import { applyBlueprint } from './blueprint.ts'
import { readEnterpriseOptions } from './enterprise-options.ts'
import { EnterpriseStack } from './enterprise-stack.ts'
import { settingsInFile } from './settings-sources.ts'

try {
  const app = new App()
  const context = app.node.getAllContext()
  const options = readEnterpriseOptions(context, settingsInFile(context, process.cwd()))
  if (options.blueprint) await applyBlueprint(app, options.blueprint)
  acknowledgeFindings(new EnterpriseStack(app, 'EnterpriseStack', { options }))
} catch (error) {
  if (!(error instanceof SettingsError)) throw error
  const problems = error.problems.map((problem) => `\n  ${problem}`).join('')
  process.stderr.write(
    `The settings of EnterpriseStack (trackyard.json, cdk.json, or -c trackyard:name=value):${problems}\n`,
  )
  process.exitCode = 1
}
