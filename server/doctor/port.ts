import { createServer } from 'node:net'
import { checkHealth } from '../health-check.ts'
import { type Finding, failed, ok, warning } from './finding.ts'
import type { Inside } from './inside.ts'

/** Whether the server has its port, or could have it. */
export async function checkPort({ config }: Inside): Promise<Finding> {
  const { host, port } = config
  const serves = await checkHealth(config).then(
    () => true,
    () => false,
  )
  if (serves) return ok(`a server answers on port ${port}`)
  switch (await whyNotFree(host, port)) {
    case undefined:
      return warning(
        `no server answers on port ${port}, and nobody else has it`,
        'start the server: if it ends again, its last lines say why',
      )
    case 'EADDRINUSE':
      return failed(
        `port ${port} of ${host} is taken, and whoever has it does not answer as a server should`,
        `see who it is (ss -ltnp 'sport = :${port}') and end it, or choose another port with MLFLOW_PORT`,
      )
    case 'EACCES':
      return failed(`port ${port} needs rights this user lacks`, 'choose one from 1024 up with MLFLOW_PORT')
    default:
      return failed(
        `this machine has no address ${host}`,
        'set MLFLOW_HOST to 127.0.0.1, or to 0.0.0.0 in a container',
      )
  }
}

/** @returns the code of the fault when nobody can listen there */
async function whyNotFree(host: string, port: number): Promise<string | undefined> {
  const socket = createServer()
  try {
    await new Promise<void>((listening, refused) => {
      socket.on('error', refused).listen({ host, port }, listening)
    })
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  } finally {
    socket.close()
  }
}
