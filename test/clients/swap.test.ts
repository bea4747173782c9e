import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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

describe.skipIf(!mlflow)('the same database and artifacts', () => {
  let folder: string
  const there: Record<'ours' | 'theirs' | 'theirsAfterWriting' | 'oursAgain', Answers> = {} as never
  const back: Record<'theirs' | 'ours', Answers> = {} as never

  async function fromUsToMlflowAndBack(files: string) {
    const written: Written[] = []
    await inTurn(
      () => startTrackyard({ folder: files }),
      async (url) => {
        written.push(await writeSome(url, 'by-trackyard'))
        there.ours = await readAll(url, written)
      },
    )
    await inTurn(
      () => startMlflowServer(mlflow as NonNullable<typeof mlflow>, { folder: files }),
      async (url) => {
        there.theirs = await readAll(url, written)
        written.push(await writeSome(url, 'by-mlflow'))
        there.theirsAfterWriting = await readAll(url, written)
      },
    )
    await inTurn(
      () => startTrackyard({ folder: files }),
      async (url) => {
        there.oursAgain = await readAll(url, written)
      },
    )
  }

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
    await allEnded([fromUsToMlflowAndBack(join(folder, 'there')), fromMlflowToUs(join(folder, 'back'))])
  }, 240_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('written by us, are shown the same by mlflow server, started without db upgrade', () => {
    expect(Object.keys(there.ours)).toHaveLength(16)
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
