import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { testApp } from '../../server/support.ts'
import { openBrowser, requireChromium } from '../../support/chromium.ts'
import { REPOSITORY } from '../../support/mlflow.ts'
import { EXPERIMENT, logSample, RUN_NAMES } from './sample.ts'
import { reads, visit } from './visit.ts'

const chromium = requireChromium()

describe.skipIf(!chromium)("MLflow's UI below a static prefix", { timeout: 120_000 }, () => {
  it('shows the table of runs and a run', async () => {
    execFileSync(join(REPOSITORY, 'bin/trackyard'), ['ui'])
    const app = await testApp({ staticPrefix: '/mlflow' })
    const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/mlflow`
    const { experimentId, runs } = await logSample(url)
    const browser = await openBrowser(chromium ?? '')
    onTestFinished(() => browser.close())

    // Without the slash at its end, as people type it.
    expect(await visit(browser, url, (page) => reads(page, EXPERIMENT))).toEqual([])
    const experiment = `${url}/#/experiments/${experimentId}/runs`
    expect(await visit(browser, experiment, (page) => reads(page, ...RUN_NAMES))).toEqual([])
    const run = `${experiment}/${runs[0]?.id}`
    expect(await visit(browser, run, (page) => reads(page, 'baseline-linear', '0.9123'))).toEqual([])
    const artifact = `${run}/artifacts/notes/readme.txt`
    expect(await visit(browser, artifact, (page) => reads(page, /written by the training script/))).toEqual(
      [],
    )
  })
})
