/** The CDK app. */
import { App } from 'aws-cdk-lib'
import { SettingsError } from '../constructs/settings.ts'
import { readEnterpriseOptions } from './enterprise-options.ts'
import { EnterpriseStack } from './enterprise-stack.ts'

try {
  const app = new App()
  const options = readEnterpriseOptions(app.node.getAllContext())
  new EnterpriseStack(app, 'EnterpriseStack', {
    description: 'Trackyard: an MLflow tracking server',
    env: { account: options.account, region: options.region },
    options,
  })
} catch (error) {
  if (!(error instanceof SettingsError)) throw error
  const problems = error.problems.map((problem) => `\n  trackyard:${problem}`).join('')
  process.stderr.write(`The context of EnterpriseStack (cdk.json, or -c trackyard:name=value):${problems}\n`)
  process.exitCode = 1
}
