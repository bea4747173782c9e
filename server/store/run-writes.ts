/** Requests that log to one run at the same time share a statement, as writers of SQLite share a commit. */
import type { Db } from '../db/index.ts'
import { type RunWrite, sharesRunWrites, writeRun } from '../db/run-write.ts'
import { ApiError } from '../errors.ts'
import type { Tag } from './experiments.ts'
import { latestByKey, type MetricPoint } from './metrics.ts'
import type { Param } from './run-data.ts'
import { RUN_NAME_TAG } from './runs.ts'

export interface RunBatch {
  readonly params: readonly Param[]
  readonly metrics: readonly MetricPoint[]
  readonly tags: readonly Tag[]
}

type Stage = string | null | undefined

interface Waiting extends RunBatch {
  settle(stage: Promise<Stage>): void
}

/** A batch of more points gains by a connection of its own: its statement is long, its locks come at the end. */
const MOST_POINTS = 100
/** Requests that share a statement at most. */
const MOST_REQUESTS = 100

const queuesOf = new WeakMap<Db, Map<string, Waiting[]>>()

/**
 * Writes to a run, with what others want to write to it meanwhile: while one statement is under way for a run, those
 * that come wait and go together. Nobody waits for another run.
 * @returns the run's stage; to one that is not active nothing has been written
 * @throws ParamChanged
 */
export function shareRunWrite(db: Db, runId: string, batch: RunBatch): Promise<Stage> {
  if (!sharesRunWrites(db) || batch.metrics.length > MOST_POINTS) return writeRun(db, runId, merged([batch]))
  const queues = queuesOf.get(db) ?? new Map<string, Waiting[]>()
  queuesOf.set(db, queues)
  return new Promise((settle) => {
    const waiting = { ...batch, settle }
    const queue = queues.get(runId)
    if (queue) {
      queue.push(waiting)
      return
    }
    const own = [waiting]
    queues.set(runId, own)
    void writeAll(db, runId, own, () => queues.delete(runId))
  })
}

async function writeAll(db: Db, runId: string, queue: Waiting[], close: () => void): Promise<void> {
  while (queue.length > 0) {
    const group = queue.splice(0, MOST_REQUESTS)
    const write = writeRun(db, runId, merged(group))
    const error = await write.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    // What one of several cannot store is not the others' fault; a database that is away is everybody's.
    const isOwn = error !== undefined && !(error instanceof ApiError && error.status === 503)
    for (const one of group) {
      const result = isOwn && group.length > 1 ? writeRun(db, runId, merged([one])) : write
      one.settle(result)
      await result.catch(() => undefined)
    }
  }
  close()
}

/** What all of them log, the later ones winning. Two values for one parameter stay: the statement fails of them. */
function merged(batches: readonly RunBatch[]): RunWrite {
  const points = batches.flatMap((batch) => batch.metrics)
  const params = new Map(
    batches.flatMap((batch) => batch.params.map((param) => [`${param.key}\0${param.value}`, param])),
  )
  const tags = new Map(
    batches.flatMap((batch) =>
      batch.tags.filter((tag) => tag.key !== RUN_NAME_TAG || tag.value).map((tag) => [tag.key, tag]),
    ),
  )
  const names = batches.map((batch) => batch.tags.findLast((tag) => tag.key === RUN_NAME_TAG)?.value)
  return {
    params: [...params.values()],
    points,
    latest: new Set(latestByKey(points).values()),
    tags: [...tags.values()],
    name: names.findLast(Boolean) ?? undefined,
  }
}
