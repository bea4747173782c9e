import { execFile } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import wheel from '../../bin/mlflow-wheel.json' with { type: 'json' }
import { temporaryFolder } from '../server/support.ts'

const BIN = join(import.meta.dirname, '../../bin')

/** Runs the script, which needs the package index. */
async function fetchUi(target: string, { bin = BIN, environment = {} } = {}) {
  return promisify(execFile)('python3', [join(bin, 'fetch-ui.py'), target], {
    env: { ...process.env, ...environment },
  }).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, output: stderr }),
  )
}

describe('bin/fetch-ui.py', { timeout: 120_000 }, () => {
  it('unpacks the UI with its licence, compresses it, and leaves a complete folder alone', async () => {
    const parent = await temporaryFolder()
    const target = join(parent, 'a/ui')
    expect(await fetchUi(target)).toEqual({ code: 0, output: `${target}\n` })
    expect(await readFile(join(target, 'index.html'), 'utf8')).toContain('static-files/static/js/main.')
    expect(await readFile(join(target, 'LICENSE.txt'), 'utf8')).toContain('Apache License')
    const scripts = (await readdir(join(target, 'static/js'))).filter((name) => /^main\..*\.js$/.test(name))
    const script = join(target, 'static/js', String(scripts[0]))
    expect(gunzipSync(await readFile(`${script}.gz`))).toEqual(await readFile(script))
    // Whoever the server runs as must be able to read it.
    expect((await stat(target)).mode & 0o777).toBe(0o755)
    expect(await readdir(join(parent, 'a'))).toEqual(['ui'])

    await writeFile(join(target, 'mine.txt'), '')
    expect((await fetchUi(target, { environment: { PIP_NO_INDEX: '1', PIP_FIND_LINKS: '' } })).code).toBe(0)
    expect(await readdir(target)).toContain('mine.txt')
  })

  it('replaces the UI of another version', async () => {
    const target = join(await temporaryFolder(), 'ui')
    await mkdir(target)
    await writeFile(join(target, 'wheel.json'), JSON.stringify({ ...wheel, version: '3.0.0' }))
    await writeFile(join(target, 'old.js'), '')
    expect((await fetchUi(target)).code).toBe(0)
    expect(await readdir(target)).not.toContain('old.js')
    expect(JSON.parse(await readFile(join(target, 'wheel.json'), 'utf8'))).toEqual(wheel)
  })

  it('refuses a wheel with another hash, and leaves nothing behind', async () => {
    const folder = await temporaryFolder()
    const bin = join(folder, 'bin')
    await mkdir(bin)
    await copyFile(join(BIN, 'fetch-ui.py'), join(bin, 'fetch-ui.py'))
    await writeFile(join(bin, 'mlflow-wheel.json'), JSON.stringify({ ...wheel, sha256: '0'.repeat(64) }))
    const { code, output } = await fetchUi(join(folder, 'ui'), { bin })
    expect([code, output.trim().split('\n').length]).toEqual([1, 1])
    expect(output).toMatch(/does not have the pinned SHA-256/)
    expect(await readdir(folder)).toEqual(['bin'])
  })

  it('says in one line that the wheel cannot be had', async () => {
    const folder = await temporaryFolder()
    const environment = { PIP_NO_INDEX: '1', PIP_FIND_LINKS: folder }
    const { code, output } = await fetchUi(join(folder, 'ui'), { environment })
    expect([code, output.trim().split('\n').length]).toEqual([1, 1])
    expect(output).toMatch(/pip could not download the wheel of mlflow/)
  })

  it('leaves a folder of other files alone', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'thesis.txt'), '')
    const { code, output } = await fetchUi(folder)
    expect([code, output]).toEqual([1, expect.stringContaining('holds other files')])
    expect(await readdir(folder)).toEqual(['thesis.txt'])
  })
})
