/** Chromium from Debian, driven by playwright-core. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

/**
 * The path of a Chromium, installed with apt where there is none and this is root. Undefined, with the reason
 * printed, where it is not to be had; in CI that is a failure.
 */
export function requireChromium(): string | undefined {
  try {
    return onPath() ?? installed()
  } catch (error) {
    if (process.env.CI === 'true') throw error
    console.warn(`skipped: no Chromium: ${(error as Error).message.slice(-500)}`)
    return undefined
  }
}

/** A browser with a profile of its own that asks nobody on the internet for anything. */
export async function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      // WebGL without a GPU: some of the UI's plots are nothing without it.
      '--use-gl=angle',
      '--use-angle=swiftshader-webgl',
      '--enable-unsafe-swiftshader',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

function onPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync)
}

function installed(): string {
  if (process.getuid?.() !== 0) throw new Error('install the package chromium, or run the tests as root')
  const options = { stdio: 'pipe', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const
  execFileSync('apt-get', ['update', '-qq'], options)
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], options)
  const path = onPath()
  if (!path) throw new Error('apt-get installed chromium and it is not on the PATH')
  return path
}
