/** The stock Java client and what it needs, brought by Maven into `.cache/java`. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installOnce, lastLine, REPOSITORY } from './installed.ts'
import { run } from './programs.ts'

const POM = join(REPOSITORY, 'test/clients/java/pom.xml')

/**
 * The class path of the stock Java client. Undefined, with the reason printed, where Java, Maven or the packages are
 * not to be had; in CI that is a failure.
 */
export async function javaClient(): Promise<string | undefined> {
  try {
    await run('java', ['--version'])
    return join(await installed(), '*')
  } catch (error) {
    if (process.env.CI === 'true') throw error
    console.warn(`skipped: no stock Java client (Java 17 and Maven): ${lastLine(error as Error)}`)
    return undefined
  }
}

async function installed(): Promise<string> {
  return installOnce('java', await readFile(POM), async (folder) => {
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${folder}`]
    await run('mvn', ['--batch-mode', '--quiet', '--file', POM, ...goal])
  })
}
