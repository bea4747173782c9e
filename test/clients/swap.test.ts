import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { databaseServers } from '../support/databases.ts'
import { mlflowEnvironment, startMlflowServer, startTrackyard } from '../support/mlflow.ts'
import { allEnded, type RunningServer } from '../support/server-process.ts'
import { readAll, type Written, writeSome } from './tracking-data.ts'

const mlflow = await mlflowEnvironment()

type Answers = Awaited<ReturnType<typeof readAll>>

/** Each server in turn on the same files, the one before it stopped. */
async function inTurn<T>(start: () => Promise<RunningServer>, use: (url: string) => Promise<T>): Promise<T> {
  const server = await start()
  try {
    return await use(server.url)
  } finally {
    await server.stop()
  }
}

interface There {
  readonly ours: Answers
  readonly theirs: Answers
  readonly theirsAfterWriting: Answers
  readonly oursAgain: Answers
}

async function fromUsToMlflowAndBack(
  folder: string,
  environment: Record<string, string> = {},
): Promise<There> {
  const written: Written[] = []
  const trackyard = () => startTrackyard({ folder, environment })
  const ours = await inTurn(trackyard, async (url) => {
    written.push(await writeSome(url, 'by-trackyard'))
    return readAll(url, written)
  })
  const theirs = await inTurn(
    () => startMlflowServer(mlflow as NonNullable<typeof mlflow>, { folder, environment }),
    async (url) => {
      const before = await readAll(url, written)
      written.push(await writeSome(url, 'by-mlflow'))
      return { before, after: await readAll(url, written) }
    },
  )
  const oursAgain = await inTurn(trackyard, async (url) => {
    const answers = await readAll(url, written)
    await writeSome(url, 'by-trackyard-again')
    return answers
  })
  return { ours, theirs: theirs.before, theirsAfterWriting: theirs.after, oursAgain }
}

describe.skipIf(!mlflow).each(databaseServers())('the same $name database and artifacts', ({ empty }) => {
  it('written by us, by mlflow server and by us again, are shown the same by both', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trackyard-swap-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const there = await fromUsToMlflowAndBack(folder, { MLFLOW_BACKEND_STORE_URI: await empty() })
    expect(Object.keys(there.ours)).toHaveLength(21)
    expect(JSON.stringify(there.ours)).toContain('"step":"-9007199254740993"')
    expect(there.theirs).toEqual(there.ours)
    expect(there.oursAgain).toEqual(there.theirsAfterWriting)
  }, 240_000)
})

describe.skipIf(!mlflow)('the same database and artifacts', () => {
  let folder: string
  let there: There
  const back: Record<'theirs' | 'ours', Answers> = {} as never

  async function fromMlflowToUs(files: string) {
    const written: Written[] = []
    await inTurn(
      () => startMlflowServer(mlflow as NonNullable<typeof mlflow>, { folder: files }),
      async (url) => {
        written.push(await writeSome(url, 'by-mlflow'))
        back.theirs = await readAll(url, written)
      },
    )
    await inTurn(
      () => startTrackyard({ folder: files }),
      async (url) => {
        back.ours = await readAll(url, written)
        await writeSome(url, 'by-trackyard')
      },
    )
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trackyard-swap-'))
    await Promise.all(['there', 'back'].map((name) => mkdir(join(folder, name))))
    ;[there] = await allEnded([
      fromUsToMlflowAndBack(join(folder, 'there')),
      fromMlflowToUs(join(folder, 'back')),
    ])
  }, 240_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('written by us, are shown the same by mlflow server, started without db upgrade', () => {
    expect(Object.keys(there.ours)).toHaveLength(21)
    expect(JSON.stringify(there.ours)).toContain('"step":"-9007199254740993"')
    expect(there.theirs).toEqual(there.ours)
  })

  it('written on by mlflow server, are shown the same by us', () => {
    expect(there.oursAgain).toEqual(there.theirsAfterWriting)
  })

  it('made by mlflow server, are shown the same by us, and written on', () => {
    expect(back.ours).toEqual(back.theirs)
  })
})
