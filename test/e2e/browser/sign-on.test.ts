import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type SignOnServer, signOnServer } from '../../auth/sign-on-support.ts'
import { openBrowser, requireChromium } from '../../support/chromium.ts'
import { REPOSITORY } from '../../support/mlflow.ts'
import { startOpenIdProvider } from '../../support/openid-provider.ts'
import { freePort } from '../../support/server-process.ts'
import { reads } from './visit.ts'

const chromium = requireChromium()
const ANN = 'ann@example.com'

async function serverAndPage(): Promise<{ server: SignOnServer; page: Page; origin: string }> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const { issuer, clientId, clientSecret } = await startOpenIdProvider(origin, { [ANN]: ['data'] })
  const server = await signOnServer({
    publicUrl: origin,
    oidcIssuer: issuer,
    oidcClientId: clientId,
    oidcClientSecret: clientSecret,
    oidcAllowedGroups: ['data'],
  })
  await server.app.listen({ host: '127.0.0.1', port })
  const browser = await openBrowser(chromium ?? '')
  onTestFinished(() => browser.close())
  return { server, page: await browser.newPage(), origin }
}

/** The pages of the provider: who one is, and that this server may know it. */
async function signInAtProvider(page: Page): Promise<void> {
  await page.locator('input[name=login]').fill(ANN)
  await page.locator('input[name=password]').fill('anything')
  await page.locator('button[type=submit]').click()
  await page.locator('button[type=submit]').click()
}

describe.skipIf(!chromium)('a person with a browser', { timeout: 120_000 }, () => {
  beforeAll(() => {
    execFileSync(join(REPOSITORY, 'bin/trackyard'), ['ui'])
  }, 180_000)

  it('signs in at the provider, uses MLflow’s UI, and signs out here and there', async () => {
    const { page, origin } = await serverAndPage()
    await page.goto(`${origin}/#/experiments`)
    await signInAtProvider(page)
    await reads(page, 'Default')
    expect(new URL(page.url()).origin).toBe(origin)
    // A write: the UI asks for runs with a POST.
    await page.goto(`${origin}/#/experiments/0/runs`)
    const search = await page.waitForResponse((response) => response.url().includes('runs/search'))
    expect(search.status()).toBe(200)
    expect(await page.evaluate('document.cookie')).toBe('mlflow_user=signed-in')

    await page.getByLabel(`Account menu for ${ANN}`).click()
    await page.getByText('Logout').click()
    await page.locator('button[name=logout]').click()
    await reads(page, 'You are signed out')
    await page.goto(`${origin}/`)
    await page.locator('input[name=login]').waitFor()
  })

  it('signs in again by reloading the page when the session has ended', async () => {
    const { server, page, origin } = await serverAndPage()
    await page.goto(origin)
    await signInAtProvider(page)
    await reads(page, 'Default')
    await server.login.db.updateTable('trackyard_sessions').set({ ended_time: 1 }).execute()
    const refused = page.waitForResponse((response) => response.url().includes('/ajax-api/'))
    await page.goto(`${origin}/#/experiments/0/runs`)
    expect((await refused).status()).toBe(401)
    // The provider knows the person still, and the way back is the page that was open.
    await page.reload()
    await reads(page, 'Default')
    expect(page.url()).toContain(`${origin}/#/experiments/0/runs`)
  })
})
