import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Browser, Page } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { call, testApp } from '../../server/support.ts'
import { openBrowser, requireChromium } from '../../support/chromium.ts'
import { REPOSITORY } from '../../support/mlflow.ts'
import { reads, visit } from './visit.ts'

const chromium = requireChromium()

const RUN = 'document.documentElement.dataset.canary=1'
/** Whatever shows it as more than text runs it, or has a link that would. */
const CANARY = [
  `<img src=x onerror="${RUN}">`,
  `<script>${RUN}</script>`,
  `<svg onload="${RUN}"></svg>`,
  `<iframe srcdoc="<script>parent.${RUN}</script>"></iframe>`,
  `[press](javascript:${RUN})`,
  `[here](data:text/html,<script>${RUN}</script>)`,
].join('\n\n')

/** js-yaml makes functions of these where it is let; turning one into text calls it. */
const MLMODEL = `artifact_path: model
flavors: {python_function: {loader_module: mlflow.sklearn}}
signature:
  inputs: {toString: !!js/function "function () { ${RUN}; return '[]' }"}
  outputs: !!js/regexp /x/
`

/** @returns whether a canary ran on the page, and the links on it that would run one */
async function caught(page: Page): Promise<readonly unknown[]> {
  const ran = await page.locator('html[data-canary]').count()
  const links = await page.locator('a[href^="javascript:" i], a[href^="data:text" i]').count()
  return [ran, links]
}

async function open(): Promise<{ app: FastifyInstance; browser: Browser; url: string }> {
  execFileSync(join(REPOSITORY, 'bin/trackyard'), ['ui'])
  const app = await testApp()
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const browser = await openBrowser(chromium ?? '')
  onTestFinished(() => browser.close())
  return { app, browser, url }
}

describe.skipIf(!chromium)("MLflow's UI", { timeout: 120_000 }, () => {
  it('M01: runs nothing of a note, a tag, a name or a description', async () => {
    const { app, browser, url } = await open()
    const note = { key: 'mlflow.note.content', value: `canary-note\n\n${CANARY}` }
    const { run } = (
      await call(app, 'POST', 'runs/create', {
        experiment_id: '0',
        run_name: `canary-run ${CANARY}`,
        tags: [note, { key: 'seen', value: `canary-tag ${CANARY}` }],
      })
    ).body
    await call(app, 'POST', 'experiments/set-experiment-tag', { experiment_id: '0', ...note })
    const model = { name: 'canary', description: `canary-description\n\n${CANARY}` }
    await call(app, 'POST', 'registered-models/create', model)
    const pages: [string, string[]][] = [
      ['/experiments/0/runs', ['canary-run']],
      [`/experiments/0/runs/${run.info.run_id}`, ['canary-note', 'canary-tag']],
      ['/models/canary', ['canary-description']],
    ]
    for (const [path, texts] of pages) {
      await visit(browser, `${url}/#${path}`, async (page) => {
        for (const text of texts) await reads(page, new RegExp(text))
        expect(await caught(page), path).toEqual([0, 0])
      })
    }
  })

  it('M02: runs nothing of an MLmodel', async () => {
    const { app, browser, url } = await open()
    const { run } = (await call(app, 'POST', 'runs/create', { experiment_id: '0' })).body
    const { run_id } = run.info
    const flavors = { python_function: { loader_module: 'mlflow.sklearn' } }
    const history = [{ run_id, artifact_path: 'model', utc_time_created: '2026-01-01 00:00:00', flavors }]
    const tag = { key: 'mlflow.log-model.history', value: JSON.stringify(history) }
    await call(app, 'POST', 'runs/set-tag', { run_id, ...tag })
    const artifact = `/api/2.0/mlflow-artifacts/artifacts/0/${run_id}/artifacts/model/MLmodel`
    await app.inject({ method: 'PUT', url: artifact, payload: MLMODEL })
    await visit(browser, `${url}/#/experiments/0/runs/${run_id}/artifacts/model`, async (page) => {
      await reads(page, /Couldn.t load model information/)
      expect(await caught(page)).toEqual([0, 0])
    })
  })
})
