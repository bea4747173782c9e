/** How much a server shows of what its database holds, counted through MLflow's protocol. */
import type { Db } from '../db/index.ts'
import { countShown, type Shown } from '../store/inventory.ts'
import { answered } from './answered.ts'
import type { Served } from './served.ts'

/** Of each kind, and as many of a page: a database with millions of runs is not read to its end. */
const MOST_COUNTED = 10_000
const PER_PAGE = 1_000
const EXPERIMENTS_PER_SEARCH = 500

export interface ServedCounts {
  readonly counts: Shown
  /** Kinds of which there are more than were counted. */
  readonly cutOff: readonly string[]
  readonly problems: readonly string[]
}

type Ask = (pageToken: string | undefined) => Promise<{ ids: readonly string[]; next: string | undefined }>

/** What is written meanwhile may or may not be counted: the live database goes on. */
export async function countServed(
  served: Served,
  db: Db,
  say: (text: string) => void,
): Promise<ServedCounts> {
  const before = await countShown(db)
  const experiments = await page(searchExperiments(served))
  say(`${experiments.ids.length} experiments`)
  const runs = await pageAll(idChunks(experiments.ids).map((ids) => searchRuns(served, ids)))
  say(`${runs.ids.length} runs`)
  const models = await pageAll(
    ['', PROMPTS].map((filter) => searchRegistry(served, 'registered-models', filter)),
  )
  const versions = await page(searchRegistry(served, 'model-versions'))
  say(`${models.ids.length} registered models, ${versions.ids.length} versions`)
  const after = await countShown(db)
  const found = { experiments, runs, registered_models: models, model_versions: versions }
  const kinds = Object.keys(found) as (keyof Shown)[]
  return {
    counts: Object.fromEntries(kinds.map((kind) => [kind, found[kind].ids.length])) as unknown as Shown,
    cutOff: kinds.filter((kind) => found[kind].isCutOff),
    problems: kinds.flatMap((kind) => {
      const [least, most] = [Math.min(before[kind], after[kind]), Math.max(before[kind], after[kind])]
      const { length } = found[kind].ids
      // Runs are looked for in the experiments that were counted.
      const isPart = found[kind].isCutOff || (kind === 'runs' && experiments.isCutOff)
      if (length <= most && (length >= least || isPart)) return []
      return [`the server shows ${length} ${kind}, and the database has ${before[kind]}`]
    }),
  }
}

/** MLflow's registry leaves prompts out where nobody asks for them. */
const PROMPTS = "tags.`mlflow.prompt.is_prompt` = 'true'"

function searchExperiments(served: Served): Ask {
  return async (page_token) => {
    const body = { view_type: 'ALL', max_results: PER_PAGE, page_token }
    const { experiments = [], next_page_token } = await answered(served, 'experiments/search', body)
    return {
      ids: experiments.map((one: { experiment_id: string }) => one.experiment_id),
      next: next_page_token,
    }
  }
}

function searchRuns(served: Served, experiment_ids: readonly string[]): Ask {
  return async (page_token) => {
    const body = { experiment_ids, run_view_type: 'ALL', max_results: PER_PAGE, page_token }
    const { runs = [], next_page_token } = await answered(served, 'runs/search', body)
    return { ids: runs.map((one: { info: { run_id: string } }) => one.info.run_id), next: next_page_token }
  }
}

function searchRegistry(served: Served, kind: 'registered-models' | 'model-versions', filter = ''): Ask {
  return async (token = '') => {
    const query = new URLSearchParams({ filter, max_results: String(PER_PAGE), page_token: token })
    const answer = await answered(served, `${kind}/search?${query}`)
    const found: { name: string; version?: string }[] = answer[kind.replace('-', '_')] ?? []
    return { ids: found.map(({ name, version = '' }) => `${name}/${version}`), next: answer.next_page_token }
  }
}

interface Page {
  readonly ids: readonly string[]
  readonly isCutOff: boolean
}

const page = (ask: Ask) => pageAll([ask])

async function pageAll(searches: readonly Ask[]): Promise<Page> {
  const ids = new Set<string>()
  for (const ask of searches) {
    let token: string | undefined
    do {
      if (ids.size >= MOST_COUNTED) return { ids: [...ids], isCutOff: true }
      const { ids: some, next } = await ask(token)
      for (const id of some) ids.add(id)
      token = next || undefined
    } while (token !== undefined)
  }
  return { ids: [...ids], isCutOff: false }
}

function idChunks(ids: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / EXPERIMENTS_PER_SEARCH) }, (_, index) =>
    ids.slice(index * EXPERIMENTS_PER_SEARCH, (index + 1) * EXPERIMENTS_PER_SEARCH),
  )
}
