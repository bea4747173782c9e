import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { buildApp } from '../../../server/app.ts'
import { ADMIN_PASSWORD, loginContext } from '../../server/login-support.ts'
import { openBrowser, requireChromium } from '../../support/chromium.ts'
import { REPOSITORY } from '../../support/mlflow.ts'
import { reads, visit } from './visit.ts'

const chromium = requireChromium()

const PASSWORD = 'correct horse battery'

describe.skipIf(!chromium)("MLflow's UI with a login", { timeout: 120_000 }, () => {
  it('shows the admin the users, who sees them made, and a user what that one may see', async () => {
    execFileSync(join(REPOSITORY, 'bin/trackyard'), ['ui'])
    const { context } = await loginContext({ defaultPermission: 'NO_PERMISSIONS' })
    const app = buildApp(context)
    onTestFinished(() => app.close())
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const as = async (user: string, password: string, path: string, json: object) => {
      const answer = await fetch(`${url}/api/2.0/mlflow/${path}`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(json),
      })
      expect([path, answer.status]).toEqual([path, 200])
    }
    const browser = await openBrowser(chromium ?? '')
    onTestFinished(() => browser.close())
    const shows = async (
      user: string,
      password: string,
      route: string,
      look: (page: Page) => Promise<void>,
    ) => expect(await visit(browser, `${url}/#${route}`, look, { username: user, password })).toEqual([])

    expect((await fetch(url)).status).toBe(401)
    await shows('admin', ADMIN_PASSWORD, '/admin', async (page) => {
      await reads(page, 'admin')
      await page.getByRole('button', { name: /create user/i }).click()
      const [name, ...passwords] = await page.getByRole('dialog').getByRole('textbox').all()
      await name?.fill('ann')
      for (const one of passwords) await one.fill(PASSWORD)
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /create/i })
        .click()
      await reads(page, 'ann')
    })
    await as('admin', ADMIN_PASSWORD, 'experiments/create', { name: 'of the admin' })
    await as('ann', PASSWORD, 'experiments/create', { name: 'of ann' })
    await shows('ann', PASSWORD, '/account', (page) => reads(page, 'ann'))
    await shows('ann', PASSWORD, '/experiments', async (page) => {
      await reads(page, 'of ann')
      expect(await page.getByText('of the admin').count()).toBe(0)
    })
    await shows('admin', ADMIN_PASSWORD, '/experiments', (page) => reads(page, 'of ann', 'of the admin'))
  })
})
