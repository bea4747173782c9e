/** Opening a page as a person does, and noting everything that goes wrong on it. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Browser, Page, Request } from 'playwright-core'

/** What MLflow's own server answers with an error status too, on pages that work. */
const EXPECTED = [
  // No login.
  { status: 404, path: /\/ajax-api\/2\.0\/mlflow\/users\/current$/ },
  // No workspaces.
  { status: 404, path: /\/ajax-api\/3\.0\/mlflow\/workspaces$/ },
  // The UI asks whether the name that is typed is free.
  { status: 404, path: /\/experiments\/get-by-name$/ },
]

const HARMLESS = [
  // Each response with an error status is noted by itself.
  /^Failed to load resource/,
  // The browser put a layout off to its next frame, as it may when the machine is busy.
  /ResizeObserver loop completed with undelivered notifications/,
]

/** Opens a page in a fresh profile, and lets `look` wait for what is to be seen on it. */
export async function visit(
  browser: Browser,
  url: string,
  look: (page: Page) => Promise<void>,
  httpCredentials?: { readonly username: string; readonly password: string },
): Promise<readonly string[]> {
  const viewport = { width: 1500, height: 950 }
  const context = await browser.newContext({ viewport, ...(httpCredentials && { httpCredentials }) })
  try {
    const page = await context.newPage()
    const problems = noteProblems(page)
    const settled = followRequests(page)
    await page.goto(url)
    try {
      await look(page)
      await settled()
    } catch (error) {
      const seen = (await page.locator('body').innerText()).slice(0, 2_000)
      throw new Error(`${(error as Error).message}\nproblems: ${problems.join('\n')}\nthe page says: ${seen}`)
    } finally {
      await keepPicture(page, url)
    }
    return problems
  } finally {
    await context.close()
  }
}

/** Waits until every one of `texts` can be read on the page. */
export async function reads(page: Page, ...texts: readonly (string | RegExp)[]): Promise<void> {
  for (const text of texts) {
    await page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: 20_000 })
  }
}

/** Waits until the page's charts have at least `lines` lines. */
export async function draws(page: Page, lines: number): Promise<void> {
  await page
    .locator('svg.main-svg path.js-line')
    .nth(lines - 1)
    .waitFor({ state: 'attached', timeout: 20_000 })
}

function noteProblems(page: Page): string[] {
  const problems: string[] = []
  page.on('response', (response) => {
    const status = response.status()
    const { pathname } = new URL(response.url())
    if (status < 400 || EXPECTED.some((one) => one.status === status && one.path.test(pathname))) return
    problems.push(`${response.request().method()} ${response.url()}: ${status}`)
  })
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? ''
    // The page itself gives up requests it no longer needs; its films are on the internet.
    const isOurs = new URL(request.url()).hostname === '127.0.0.1'
    if (isOurs && why !== 'net::ERR_ABORTED') problems.push(`${request.url()}: ${why}`)
  })
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`))
  page.on('console', (message) => {
    const text = message.text()
    if (message.type() === 'error' && !HARMLESS.some((one) => one.test(text)))
      problems.push(`console: ${text}`)
  })
  return problems
}

/** @returns what waits until the page has asked for nothing for a while */
function followRequests(page: Page): () => Promise<void> {
  const open = new Set<Request>()
  let lastChange = Date.now()
  page.on('request', (request) => {
    // The browser tells the end of no request for a shared worker.
    if (/\.worker\.js$/.test(request.url())) return
    open.add(request)
  })
  for (const event of ['requestfinished', 'requestfailed'] as const) {
    page.on(event as 'requestfinished', (request) => {
      open.delete(request)
      lastChange = Date.now()
    })
  }
  return async () => {
    const deadline = Date.now() + 20_000
    while (open.size > 0 || Date.now() - lastChange < 500) {
      if (Date.now() > deadline)
        throw new Error(`unanswered: ${[...open].map((one) => one.url()).join(', ')}`)
      await delay(100)
    }
  }
}

/** Keeps a picture of the page where TRACKYARD_TEST_SCREENSHOTS names a folder. */
async function keepPicture(page: Page, url: string): Promise<void> {
  const folder = process.env.TRACKYARD_TEST_SCREENSHOTS
  if (!folder) return
  await mkdir(folder, { recursive: true })
  const name = new URL(url).hash.replace(/[0-9a-f]{32}/g, 'ID').replace(/[^\w]+/g, '-')
  await page.screenshot({ path: join(folder, `page${name.slice(0, 90)}.png`) })
}
