/**
 * A process of its own, since a program that fails rejects every promise of its stack: registers a database that
 * cannot be prepared, and prints why it ends and which containers there are by then.
 */
import { PreparedDatabase } from '../../constructs/pulumi/prepared-database.ts'
import { TrackingServer } from '../../constructs/pulumi/tracking-server.ts'
import { startEngine } from '../stacks/pulumi-engine.ts'

const containerLogs = 'as trackyard_admin on db: password authentication failed'
const registered = await startEngine('team', async ({ name, inputs }) => ({
  id: name,
  outputs: { name, ...(inputs.attach && { exitCode: 1, containerLogs }) },
}))
process.once('unhandledRejection', (error: Error) => {
  const containers = registered.filter(({ type }) => type.endsWith(':Container')).map(({ name }) => name)
  console.log(JSON.stringify({ message: error.message, containers }))
  process.exit()
})
const { settings } = new PreparedDatabase('prepare', {
  image: 'sha256:1',
  network: 'edge',
  settings: { backendStoreUri: 'postgresql://mlflow@db/mlflow' },
  administrator: { user: 'trackyard_admin', password: 'x' },
})
new TrackingServer('server', {
  settings: settings.apply(() => ({ tier: 'local' as const })),
  image: { id: 'sha256:1' },
})
