import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { CONTRACT, JAVA_VERSION, OLDER } from './versions.ts'

it('docs/clients.md names the versions that are tested', async () => {
  const page = await readFile(join(import.meta.dirname, '../../docs/clients.md'), 'utf8')
  const listed = [...page.matchAll(/^\| (Python|Java) \| (\d+\.\d+\.\d+)/gm)].map(
    ([, client, version]) => `${client} ${version}`,
  )
  const tested = [CONTRACT, ...OLDER].map(({ version }) => `Python ${version}`)
  expect(listed.toSorted()).toEqual([...tested, `Java ${JAVA_VERSION}`].toSorted())
})
