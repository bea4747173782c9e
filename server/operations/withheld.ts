/**
 * What runs, logged models and traces name of other things is left out for who may not read those: a run's logged
 * models, a trace's run and assessments. An id of nothing is left out too: nobody can tell it from a hidden one.
 */
import { type Access, deniesPart, isUnlimited, sees, type Visible, visible } from '../access/access.ts'
import type { Db } from '../db/index.ts'
import { pythonJson } from '../python-json.ts'
import { LINKED_PROMPTS } from '../search/siblings.ts'
import { SOURCE_RUN, TRACED_MODEL } from '../search/trace-conditions.ts'
import type { Tag } from '../store/experiments.ts'
import { type LoggedModel, VERSIONS_TAG } from '../store/logged-models.ts'
import { readableLoggedModels, readableRuns } from '../store/readable.ts'
import type { Run } from '../store/run-data.ts'
import type { Trace } from '../store/traces.ts'

export async function shownRuns(db: Db, access: Access, runs: readonly Run[]): Promise<readonly Run[]> {
  if (isUnlimited(access)) return runs
  const ids = runs.flatMap((run) => [...run.modelInputs, ...run.modelOutputs.map((one) => one.modelId)])
  const models = new Set(await readableLoggedModels(db, access, ids))
  const tags = tagsFor(access)
  return runs.map((run) => ({
    ...run,
    tags: tags(run.tags),
    modelInputs: run.modelInputs.filter((id) => models.has(id)),
    modelOutputs: run.modelOutputs.filter(({ modelId }) => models.has(modelId)),
  }))
}

export async function shownLoggedModels(
  db: Db,
  access: Access,
  models: readonly LoggedModel[],
): Promise<readonly LoggedModel[]> {
  if (isUnlimited(access)) return models
  const ids = models.flatMap((one) => [one.source_run_id, ...one.metrics.map((metric) => metric.run_id)])
  const runs = new Set(await readableRuns(db, access, present(ids)))
  const tags = tagsFor(access)
  return models.map((model) => ({
    ...model,
    source_run_id: !model.source_run_id || runs.has(model.source_run_id) ? model.source_run_id : null,
    metrics: model.metrics.map((one) => (runs.has(one.run_id) ? one : { ...one, run_id: '' })),
    tags: tags(model.tags),
  }))
}

export async function shownLoggedModel(db: Db, access: Access, model: LoggedModel): Promise<LoggedModel> {
  const [shown] = await shownLoggedModels(db, access, [model])
  return shown as LoggedModel
}

export async function shownTraces(
  db: Db,
  access: Access,
  traces: readonly Trace[],
): Promise<readonly Trace[]> {
  if (isUnlimited(access)) return traces
  const of = (key: string) => present(traces.map(({ metadata }) => metadata[key]))
  const runs = new Set(await readableRuns(db, access, of(SOURCE_RUN)))
  const models = new Set(await readableLoggedModels(db, access, of(TRACED_MODEL)))
  const tags = tagsFor(access)
  return traces.map((trace) => ({
    ...trace,
    assessments: deniesPart(access, 'assessment') ? [] : trace.assessments,
    metadata: withText(
      withText(trace.metadata, SOURCE_RUN, (id) => (runs.has(id) ? id : undefined)),
      TRACED_MODEL,
      (id) => (models.has(id) ? id : undefined),
    ),
    tags: Object.fromEntries(
      tags(Object.entries(trace.tags).map(([key, value]) => ({ key, value }))).map(({ key, value }) => [
        key,
        value,
      ]),
    ),
  }))
}

export async function shownTrace(db: Db, access: Access, trace: Trace): Promise<Trace> {
  const [shown] = await shownTraces(db, access, [trace])
  return shown as Trace
}

/** One text of many, or what is left of it; nothing where nothing is. */
function withText(
  texts: Readonly<Record<string, string>>,
  key: string,
  left: (text: string) => string | undefined,
): Readonly<Record<string, string>> {
  const { [key]: text, ...others } = texts
  if (text === undefined) return texts
  const kept = left(text)
  return kept === undefined ? others : { ...others, [key]: kept }
}

function present(ids: readonly (string | null | undefined)[]): string[] {
  return ids.filter((id) => typeof id === 'string' && id !== '') as string[]
}

/** What tags are without the names of models and prompts that the caller may not read. */
function tagsFor(access: Access) {
  const seen: Readonly<Record<string, Visible>> = {
    [VERSIONS_TAG]: visible(access, 'registered_model', 'registered_model_version'),
    [LINKED_PROMPTS]: visible(access, 'prompt', 'prompt_version'),
  }
  return <T extends Tag>(tags: readonly T[]): T[] =>
    tags.flatMap((tag) => {
      const names = Object.hasOwn(seen, tag.key) ? seen[tag.key] : undefined
      const value = names ? seenIn(tag.value ?? '', names) : tag.value
      return value === undefined ? [] : [{ ...tag, value }]
    })
}

/** Of a JSON list of `{ name, version }`, those whose name is seen. */
function seenIn(json: string, seen: Visible): string | undefined {
  if (seen === 'all') return json
  const left = parseList(json).filter((one) => {
    const { name } = (one ?? {}) as { name?: unknown }
    return typeof name === 'string' && sees(seen, name)
  })
  return left.length > 0 ? pythonJson(left) : undefined
}

function parseList(json: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(json)
    return Array.isArray(parsed) ? parsed : []
  } catch {
    return []
  }
}
