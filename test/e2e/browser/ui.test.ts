import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, requireChromium } from '../../support/chromium.ts'
import { REPOSITORY, startTrackyard } from '../../support/mlflow.ts'
import type { RunningServer } from '../../support/server-process.ts'
import { EXPERIMENT, logSample, MODEL, RUN_NAMES, type Sample } from './sample.ts'
import { draws, reads, visit } from './visit.ts'

const chromium = requireChromium()

describe.skipIf(!chromium)("MLflow's UI in a browser", { timeout: 60_000 }, () => {
  let folder: string
  let server: RunningServer
  let browser: Browser
  let sample: Sample

  beforeAll(async () => {
    execFileSync(join(REPOSITORY, 'bin/trackyard'), ['ui'])
    folder = await mkdtemp(join(tmpdir(), 'trackyard-browser-'))
    server = await startTrackyard({ folder })
    sample = await logSample(server.url)
    browser = await openBrowser(chromium ?? '')
  }, 180_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  /** Opens a page of the UI; nothing may fail on it. */
  async function shows(
    route: (sample: Sample) => string,
    look: (page: Page) => Promise<void>,
  ): Promise<void> {
    expect(await visit(browser, `${server.url}/#${route(sample)}`, look)).toEqual([])
  }

  const experiment = ({ experimentId }: Sample) => `/experiments/${experimentId}`
  const firstRun = (one: Sample) => `${experiment(one)}/runs/${one.runs[0]?.id}`
  const twoRuns = ({ runs }: Sample) =>
    encodeURIComponent(JSON.stringify(runs.slice(0, 2).map(({ id }) => id)))

  const metricPage = (one: Sample) => {
    const state = {
      runs: one.runs.slice(0, 2).map(({ id }) => id),
      metric: 'loss',
      experiments: [one.experimentId],
      plot_metric_keys: ['loss'],
      plot_layout: { autosize: true, xaxis: {}, yaxis: {} },
      deselected_curves: [],
      last_linear_y_axis_range: [],
    }
    const query = Object.entries(state).map(([key, value]) => [key, JSON.stringify(value)])
    return `/metric?${new URLSearchParams([...query, ['x_axis', 'step'], ['y_axis_scale', 'linear'], ['line_smoothness', '1'], ['show_point', 'false']] as [string, string][])}`
  }

  it('shows the home page', () =>
    shows(
      () => '/',
      (page) => reads(page, EXPERIMENT),
    ))

  it('lists experiments', () =>
    shows(
      () => '/experiments',
      (page) => reads(page, EXPERIMENT, 'Default'),
    ))

  it('opens an experiment', () => shows(experiment, (page) => reads(page, EXPERIMENT)))

  it('shows the table of runs', () =>
    shows(
      (one) => `${experiment(one)}/runs`,
      (page) => reads(page, ...RUN_NAMES),
    ))

  it('draws charts of the metrics', () =>
    shows(
      (one) => `${experiment(one)}/runs?compareRunsMode=CHART`,
      async (page) => {
        await reads(page, 'accuracy', 'loss', ...RUN_NAMES)
        await draws(page, 2 * RUN_NAMES.length)
      },
    ))

  it('compares artifacts of runs', () =>
    shows(
      (one) => `${experiment(one)}/runs?compareRunsMode=ARTIFACT`,
      (page) => reads(page, ...RUN_NAMES),
    ))

  it('shows a run with its parameters, metrics and tags', () =>
    shows(firstRun, (page) =>
      reads(page, 'baseline-linear', 'max_depth', 'saga', 'accuracy', '0.9123', 'Finished', 'growth', 'ada'),
    ))

  it("draws a run's metrics", () =>
    shows(
      (one) => `${firstRun(one)}/model-metrics`,
      async (page) => {
        await reads(page, 'accuracy', 'loss')
        await draws(page, 1)
      },
    ))

  it("draws a run's system metrics", () =>
    shows(
      (one) => `${firstRun(one)}/system-metrics`,
      (page) => reads(page, /cpu_utilization_percentage/),
    ))

  it('says that a run has no traces', () =>
    shows(
      (one) => `${firstRun(one)}/traces`,
      (page) => reads(page, /traces/i),
    ))

  it("lists a run's artifacts", () =>
    shows(
      (one) => `${firstRun(one)}/artifacts`,
      (page) => reads(page, 'notes', 'plots', 'metrics.json', 'report.html'),
    ))

  it('shows a text artifact', () =>
    shows(
      (one) => `${firstRun(one)}/artifacts/notes/readme.txt`,
      (page) => reads(page, 'These notes were written by the training script.'),
    ))

  it('shows a JSON artifact', () =>
    shows(
      (one) => `${firstRun(one)}/artifacts/metrics.json`,
      (page) => reads(page, /confusion/),
    ))

  it('shows an image', () =>
    shows(
      (one) => `${firstRun(one)}/artifacts/plots/curve.png`,
      async (page) => {
        const image = page.locator('img[src^="blob:"], img[src*="curve.png"]').first()
        await image.waitFor()
        const width = (element: object) => Number(Reflect.get(element, 'naturalWidth'))
        await expect.poll(() => image.evaluate(width)).toBe(48)
      },
    ))

  it('runs the script of an HTML artifact, in a sandbox', () =>
    shows(
      (one) => `${firstRun(one)}/artifacts/report.html`,
      async (page) => {
        await page.frameLocator('iframe#html').getByText('Report of the script').waitFor()
        expect(await page.locator('iframe#html').getAttribute('sandbox')).toBe('allow-scripts')
      },
    ))

  it('shows the history of a metric', () =>
    shows(metricPage, async (page) => {
      await reads(page, 'loss')
      await draws(page, 2)
    }))

  it('compares runs', () =>
    shows(
      (one) => `/compare-runs?runs=${twoRuns(one)}&experiments=%5B%22${one.experimentId}%22%5D`,
      async (page) => {
        await reads(page, 'baseline-linear', 'forest-100', 'max_depth')
        await page.locator('.parcoords .axis-title').first().waitFor({ state: 'attached' })
        expect(await page.getByText('WebGL is not supported').count()).toBe(0)
      },
    ))

  it('compares experiments', () =>
    shows(
      (one) =>
        `/compare-experiments/s?experiments=${encodeURIComponent(JSON.stringify(['0', one.experimentId]))}`,
      (page) => reads(page, ...RUN_NAMES),
    ))

  it('lists logged models', () =>
    shows(
      (one) => `${experiment(one)}/models`,
      (page) => reads(page, 'churn-classifier'),
    ))

  it('shows a logged model', () =>
    shows(
      (one) => `${experiment(one)}/models/${one.modelId}`,
      (page) => reads(page, 'churn-classifier', 'boosted-trees', 'max_depth'),
    ))

  it("shows a logged model's artifacts", () =>
    shows(
      (one) => `${experiment(one)}/models/${one.modelId}/artifacts`,
      (page) => reads(page, 'MLmodel'),
    ))

  it('lists registered models', () =>
    shows(
      () => '/models',
      (page) => reads(page, MODEL),
    ))

  it('shows a registered model', () =>
    shows(
      () => `/models/${MODEL}`,
      (page) => reads(page, MODEL, 'Version 1', 'Who will leave next month'),
    ))

  it('shows a model version', () =>
    shows(
      () => `/models/${MODEL}/versions/1`,
      (page) => reads(page, MODEL, 'Version 1'),
    ))

  const traced = ({ traced: { experimentId } }: Sample) => `/experiments/${experimentId}`

  it('lists traces, with what was said of them', () =>
    shows(
      (one) => `${traced(one)}/traces`,
      (page) => reads(page, /Where is my parcel/, /On its way/, 'helpful'),
    ))

  it('shows a trace with its spans', () =>
    shows(
      (one) => `${traced(one)}/traces?selectedEvaluationId=${one.traced.traceId}`,
      (page) => reads(page, 'answer-question', 'ask-model', /Where is my parcel/),
    ))

  it('draws charts over traces', () =>
    shows(
      (one) => `${traced(one)}/overview/usage`,
      (page) => reads(page, /latency/i, /42/),
    ))

  it.each([
    ['traces', '/traces'],
    ['sessions', '/chat-sessions'],
    ['evaluation runs', '/evaluation-runs'],
    ['datasets', '/datasets'],
    ['prompts', '/prompts'],
    ['judges', '/judges'],
  ])('opens an experiment without %s', (_name, path) =>
    shows(
      (one) => experiment(one) + path,
      (page) => reads(page, EXPERIMENT),
    ),
  )

  it('opens the settings', () =>
    shows(
      () => '/settings',
      (page) => reads(page, 'Settings'),
    ))

  it('makes, changes and deletes a webhook', () =>
    shows(
      () => '/settings/webhooks',
      async (page) => {
        await page.getByRole('button', { name: 'Create webhook' }).click()
        const form = page.getByRole('dialog')
        await form.getByPlaceholder('My webhook').fill('typed-hook')
        await form.getByPlaceholder('https://example.com/webhook').fill('https://8.8.8.8/hook')
        await form.getByText('Registered model created').click()
        await form.getByRole('button', { name: 'Create', exact: true }).click()
        await reads(page, 'typed-hook', 'https://8.8.8.8/hook')
        await page.getByRole('button', { name: 'Edit', exact: true }).click()
        await form.getByPlaceholder('My webhook').fill('renamed-hook')
        await form.getByRole('button', { name: 'Save', exact: true }).click()
        await page.getByText('typed-hook').waitFor({ state: 'hidden' })
        await page.reload()
        await reads(page, 'renamed-hook')
        await page.getByRole('button', { name: 'Delete', exact: true }).click()
        await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
        await reads(page, /No webhooks configured/)
      },
    ))

  it('creates the experiment a person types', async () => {
    const problems = await visit(browser, `${server.url}/#/experiments`, async (page) => {
      await page.getByTestId('create-experiment-button').click()
      await page.getByPlaceholder(/experiment name/i).fill('typed by hand')
      await page.getByRole('button', { name: 'Create', exact: true }).last().click()
      await reads(page, 'typed by hand')
    })
    expect(problems).toEqual([])
  })
})
