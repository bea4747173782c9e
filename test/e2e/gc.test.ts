import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { REPOSITORY, run, startTrackyard } from '../support/mlflow.ts'

const GC = join(REPOSITORY, 'bin/trackyard')

/** A stopped server's folder, with deleted runs that have artifacts. */
async function folderWithDeletedRuns(count: number) {
  const folder = await temporaryFolder()
  const server = await startTrackyard({ folder })
  const post = async (path: string, json: object) => {
    const response = await fetch(`${server.url}/api/2.0/mlflow/${path}`, {
      method: 'POST',
      body: JSON.stringify(json),
      headers: { 'content-type': 'application/json' },
    })
    return response.json() as Promise<{ run: { info: { run_id: string } } }>
  }
  const ids: string[] = []
  for (let at = 0; at < count; at++) {
    const { run_id } = (await post('runs/create', { experiment_id: '0' })).run.info
    const artifacts = join(folder, 'artifacts/0', run_id, 'artifacts')
    await mkdir(artifacts, { recursive: true })
    await writeFile(join(artifacts, 'a.txt'), 'a')
    await post('runs/delete', { run_id })
    ids.push(run_id)
  }
  await server.stop()
  const environment = {
    MLFLOW_BACKEND_STORE_URI: `sqlite:///${join(folder, 'mlflow.db')}`,
    MLFLOW_ARTIFACTS_DESTINATION: join(folder, 'artifacts'),
  }
  return { artifacts: join(folder, 'artifacts'), environment, ids: ids.sort() }
}

describe('trackyard gc', () => {
  it('lists first, removes with --delete, and names orphans', async () => {
    const { artifacts, environment, ids } = await folderWithDeletedRuns(2)
    await mkdir(join(artifacts, '0/f00d/artifacts'), { recursive: true })
    await mkdir(join(artifacts, '77/x'), { recursive: true })
    const list = await run(GC, ['gc', '--orphans'], environment)
    expect(list.trim().split('\n')).toEqual([
      ...ids.map((id) => `would remove: run ${id} (mlflow-artifacts:/0/${id}/artifacts)`),
      'orphan: 0/f00d',
      'orphan: 77',
      '2 would be removed, 0 kept; add --delete to remove them',
    ])
    const removed = await run(GC, ['gc', '--delete'], environment)
    expect(removed).toContain('2 removed, 0 kept')
    expect(await readdir(join(artifacts, '0'))).toEqual(['f00d'])
    expect(await run(GC, ['gc'], environment)).toBe(
      '0 would be removed, 0 kept; add --delete to remove them\n',
    )
  })

  it('ends what it was killed at', async () => {
    const { artifacts, environment, ids } = await folderWithDeletedRuns(60)
    const killed = spawn(GC, ['gc', '--delete'], { env: { ...process.env, ...environment } })
    // Somewhere between the first run and the last.
    await once(killed.stdout, 'data')
    killed.kill('SIGKILL')
    await once(killed, 'close')
    const left = await run(GC, ['gc', '--orphans'], environment)
    const named = new Set(left.match(/\b[0-9a-f]{32}\b/g))
    expect([...named].sort()).toEqual(expect.arrayContaining(await readdir(join(artifacts, '0'))))
    expect(left).not.toContain('orphan')
    await run(GC, ['gc', '--delete'], environment)
    expect(await readdir(join(artifacts, '0'))).toEqual([])
    expect(ids).toHaveLength(60)
  })

  it.each([
    [['--older-than', 'soon'], "'soon' is no age"],
    [['--run-ids', 'nobody'], "Run 'nobody' is not there"],
    [['--dry'], "Unknown option '--dry'"],
  ])('says in one line what is wrong with %j', async (options, message) => {
    const folder = await temporaryFolder()
    const failed = run(GC, ['gc', ...options], {
      MLFLOW_BACKEND_STORE_URI: `sqlite:///${join(folder, 'mlflow.db')}`,
      MLFLOW_ARTIFACTS_DESTINATION: join(folder, 'artifacts'),
    })
    await expect(failed).rejects.toThrow(message)
  })
})
