import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { buildApp } from '../../../server/app.ts'
import { ADMIN_PASSWORD, loginContext } from '../../server/login-support.ts'
import { openBrowser, requireChromium } from '../../support/chromium.ts'
import { REPOSITORY } from '../../support/mlflow.ts'
import { reads, visit } from './visit.ts'

const chromium = requireChromium()

const PASSWORD = 'correct horse battery'
/** What a browser says of a page it has no right password for, and nobody to ask. */
const NOT_LET_IN = 'ERR_INVALID_AUTH_CREDENTIALS'
const CHANGED = 'another long password'

async function open() {
  execFileSync(join(REPOSITORY, 'bin/trackyard'), ['ui'])
  const { context } = await loginContext({ defaultPermission: 'NO_PERMISSIONS' })
  const app = buildApp(context)
  onTestFinished(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const browser = await openBrowser(chromium ?? '')
  onTestFinished(() => browser.close())
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
  return { url, browser, as }
}

describe.skipIf(!chromium)("MLflow's UI with a login", { timeout: 180_000 }, () => {
  it('shows the admin the users, who sees them made, and a user what that one may see', async () => {
    const { url, browser, as } = await open()
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

  it('lets a user in by a role made there, who changes its own password and signs out', async () => {
    const { url, browser, as } = await open()
    await as('admin', ADMIN_PASSWORD, 'experiments/create', { name: 'shared' })
    await as('admin', ADMIN_PASSWORD, 'experiments/create', { name: 'of the admin' })
    await as('admin', ADMIN_PASSWORD, 'users/create', { username: 'ann', password: PASSWORD })
    const credentials = { username: 'admin', password: ADMIN_PASSWORD }
    const problems = await visit(browser, `${url}/#/admin?tab=roles`, makeRole, credentials)
    expect(problems).toEqual([])

    const profile = await browser.newContext({ viewport: { width: 1500, height: 950 } })
    let page = await signIn(profile, url, PASSWORD)
    await page.goto(`${url}/#/experiments`)
    await reads(page, 'shared')
    expect(await page.getByText('of the admin').count()).toBe(0)

    await page.goto(`${url}/#/account`)
    await reads(page, 'readers')
    await page.getByRole('button', { name: 'Change password' }).click()
    const form = page.getByRole('dialog', { name: 'Change password' })
    await form.getByPlaceholder('Enter current password').fill('not the password')
    await form.getByPlaceholder('Enter new password').fill(CHANGED)
    await form.getByPlaceholder('Confirm new password').fill(CHANGED)
    await form.getByRole('button', { name: 'Update password' }).click()
    await reads(page, 'Current password does not match.')
    await form.getByPlaceholder('Enter current password').fill(PASSWORD)
    await signsOut(page, () => form.getByRole('button', { name: 'Update password' }).click())

    await expect(signIn(profile, url, PASSWORD)).rejects.toThrow(NOT_LET_IN)
    page = await signIn(profile, url, CHANGED)
    await page.goto(`${url}/#/experiments`)
    await reads(page, 'shared')
    await page.getByLabel('Account menu for ann').click()
    await signsOut(page, () => page.getByRole('menuitem', { name: 'Logout' }).click())
    await expect((await profile.newPage()).goto(url)).rejects.toThrow(NOT_LET_IN)
  })
})

/** A role that may read one experiment, held by ann. */
async function makeRole(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Create Role' }).click()
  const form = page.getByRole('dialog')
  await form.getByPlaceholder('Enter role name').fill('readers')
  await form.getByRole('button', { name: 'Permissions' }).click()
  await form.getByText('Specific experiment').click()
  await form
    .getByRole('combobox')
    .filter({ hasText: /select/i })
    .first()
    .click()
  await page.getByRole('option', { name: /shared/ }).click()
  await form.getByRole('button', { name: 'Add', exact: true }).click()
  await form.getByRole('button', { name: 'Assign users' }).click()
  await form.getByRole('combobox', { name: /Users/ }).click()
  await page.getByRole('option', { name: 'ann' }).click()
  await page.keyboard.press('Escape')
  await form.getByRole('button', { name: 'Create role' }).click()
  await page.getByRole('link', { name: 'readers' }).click()
  await reads(page, 'experiment', 'READ')
  await page.getByRole('tab', { name: 'Assigned users' }).click()
  await reads(page, 'ann')
}

/** As a browser does that has asked for name and password: it sends them along from then on. */
async function signIn(profile: BrowserContext, url: string, password: string): Promise<Page> {
  const page = await profile.newPage()
  await page.goto(url.replace('//', `//ann:${encodeURIComponent(password)}@`))
  return page
}

/** MLflow's UI signs out by giving the browser another user's name, whom the server refuses. */
async function signsOut(page: Page, act: () => Promise<void>): Promise<void> {
  const left = page.waitForResponse((response) => response.url().endsWith('/') && response.status() === 401)
  await act()
  await left
}
