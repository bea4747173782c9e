/** MLflow's own client at a team's stack: over TLS, and as somebody. */
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { temporaryFolder } from '../server/support.ts'
import { type Registered, unwrapSecrets } from '../stacks/pulumi-engine.ts'
import { mlflowEnvironment, run } from '../support/mlflow.ts'

const PROGRAM = `
import mlflow
mlflow.set_experiment("wines")
with mlflow.start_run() as run:
    mlflow.log_metric("accuracy", 0.9)
    mlflow.log_text("what was logged", "notes/first.txt")
print("read again:", mlflow.artifacts.load_text(f"{run.info.artifact_uri}/notes/first.txt"))
`

/** Logs a run with an artifact and reads it again; Compose's test trains a model. @returns what it printed; undefined where there is no MLflow */
export async function runStockClient(
  url: string,
  authority: string,
  password: string,
): Promise<string | undefined> {
  const mlflow = await mlflowEnvironment()
  if (!mlflow) return undefined
  const certificate = join(await temporaryFolder(), 'root.crt')
  await writeFile(certificate, authority)
  return run(mlflow.python, ['-c', PROGRAM], {
    MLFLOW_TRACKING_URI: url,
    MLFLOW_TRACKING_SERVER_CERT_PATH: certificate,
    MLFLOW_TRACKING_USERNAME: 'admin',
    MLFLOW_TRACKING_PASSWORD: password,
  })
}

/** What a stack's programs have told Pulumi, each by the name of its file. */
export function passwordsOf(registered: readonly Pick<Registered, 'inputs'>[]): Record<string, string> {
  const files = registered.flatMap(({ inputs }) => unwrapSecrets(inputs).uploads ?? [])
  const passwords = files
    .filter(({ file }: { file: string }) => file.endsWith('.password'))
    .map(({ file, contentBase64 }: { file: string; contentBase64: string }) => [
      basename(file, '.password'),
      Buffer.from(contentBase64, 'base64').toString(),
    ])
  return Object.fromEntries(passwords)
}
