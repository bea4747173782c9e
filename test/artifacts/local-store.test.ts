import { execFile } from 'node:child_process'
import { mkdir, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { wholeOf } from '../../server/artifacts/batches.ts'
import type { ArtifactStore } from '../../server/artifacts/index.ts'
import { openLocalArtifactStore } from '../../server/artifacts/local.ts'
import { temporaryFolder } from '../server/support.ts'
import { filesBelow, getText, putText } from './support.ts'

async function openStore(): Promise<{ store: ArtifactStore; root: string }> {
  const root = join(await temporaryFolder(), 'artifacts')
  return { store: await openLocalArtifactStore(root), root }
}

describe('a local artifact store', () => {
  it('gives back what was put, whole and in parts', async () => {
    const { store } = await openStore()
    const content = `${'x'.repeat(600_000)}end`
    await putText(store, '1/run/artifacts/a b/ü.txt', content)
    const file = await store.get('1/run/artifacts/a b/ü.txt')
    expect(file.sizeBytes).toBe(600_003)
    expect(String(await wholeOf(file.read()))).toBe(content)
    expect(String(await wholeOf(file.read({ start: 600_000, end: 600_001 })))).toBe('en')
  })

  it('lists directories and files by name, with the sizes of files', async () => {
    const { store } = await openStore()
    await putText(store, 'r/b.txt', 'four')
    await putText(store, 'r/a/x', '')
    await putText(store, 'r/B', '')
    expect(await store.list('r')).toEqual([
      { path: 'B', isDirectory: false, sizeBytes: 0 },
      { path: 'a', isDirectory: true },
      { path: 'b.txt', isDirectory: false, sizeBytes: 4 },
    ])
  })

  it('lists nothing for a directory that is missing, and for a file', async () => {
    const { store } = await openStore()
    await putText(store, 'file', 'x')
    expect(await store.list('missing/too')).toEqual([])
    expect(await store.list('file')).toEqual([])
    expect(await store.list('file/below')).toEqual([])
  })

  it('replaces a file, and gives it another tag', async () => {
    const { store } = await openStore()
    await putText(store, 'f', 'one')
    const { etag } = await store.get('f')
    await putText(store, 'f', 'two')
    expect(await getText(store, 'f')).toBe('two')
    expect((await store.get('f')).etag).not.toBe(etag)
  })

  it('does not give bytes of a file that took the place of the one asked for', async () => {
    const { store } = await openStore()
    await putText(store, 'f', 'one')
    const file = await store.get('f')
    await putText(store, 'f', 'two')
    await expect(wholeOf(file.read())).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
      message: "'f' was replaced while it was read; try again.",
    })
  })

  it('tells in words of a file that is gone, or is no file any more, when its bytes are wanted', async () => {
    const { store, root } = await openStore()
    await putText(store, 'f', 'one')
    const file = await store.get('f')
    await rm(join(root, 'f'))
    await expect(wholeOf(file.read())).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
    await mkdir(join(root, 'f'))
    await expect(wholeOf(file.read())).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
    await rm(join(root, 'f'), { recursive: true })
    await symlink('/etc/hostname', join(root, 'f'))
    await expect(wholeOf(file.read())).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })

  it('leaves nothing of an upload that breaks off', async () => {
    const { store, root } = await openStore()
    const body = Readable.from(
      (async function* () {
        yield Buffer.alloc(100_000)
        expect(await store.list('new')).toEqual([])
        expect(await store.list('')).toEqual([])
        throw new Error('gone')
      })(),
      { objectMode: false },
    )
    await expect(store.put('new/folder/f', body)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
    expect(await filesBelow(root)).toEqual([])
    expect(await store.list('')).toEqual([])
  })

  it('deletes files and trees, and does not mind what is missing', async () => {
    const { store, root } = await openStore()
    await putText(store, 'a/b/c', 'x')
    await putText(store, 'a/d', 'x')
    await store.delete('a/d')
    expect(await filesBelow(root)).toEqual(['a/b/c'])
    await store.delete('a')
    await store.delete('a')
    await store.delete('never/was')
    expect(await store.list('')).toEqual([])
  })

  it('does not delete its own root', async () => {
    const { store } = await openStore()
    await expect(store.delete('')).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })

  it('tells a directory and a missing file in MLflow’s words', async () => {
    const { store } = await openStore()
    await putText(store, 'a/b', 'x')
    await expect(store.get('a')).rejects.toThrow("Artifact path refers to a directory, not a file: 'a'")
    await expect(store.get('a/no')).rejects.toThrow("No such artifact: 'a/no'")
    await expect(store.get('a/b/c')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
  })

  it('answers a name that cannot be written with a fault of the client', async () => {
    const { store, root } = await openStore()
    await putText(store, 'a/b', 'x')
    for (const path of ['a', 'a/b/c', 'n'.repeat(300), `${'d/'.repeat(3000)}f`]) {
      await expect(putText(store, path, 'y')).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
    }
    expect(await filesBelow(root)).toEqual(['a/b'])
  })

  it('keeps names of half-written files to itself', async () => {
    const { store, root } = await openStore()
    await writeFile(join(root, '.artifact.uploading.by-mlflow'), 'half')
    await expect(putText(store, 'r/.artifact.uploading.x', 'y')).rejects.toThrow('are reserved')
    await expect(store.get('.artifact.uploading.by-mlflow')).rejects.toThrow('No such artifact')
    await store.delete('.artifact.uploading.by-mlflow')
    expect(await store.list('')).toEqual([])
    expect(await filesBelow(root)).toEqual(['.artifact.uploading.by-mlflow'])
  })
})

describe('links in a local artifact store', () => {
  it('follows one that stays inside', async () => {
    const { store, root } = await openStore()
    await putText(store, 'real/f', 'x')
    await symlink(join(root, 'real'), join(root, 'link'))
    expect(await getText(store, 'link/f')).toBe('x')
    expect(await store.list('')).toContainEqual({ path: 'link', isDirectory: true })
  })

  it('neither reads, lists, writes nor deletes through one that leads outside', async () => {
    const { store, root } = await openStore()
    const outside = await temporaryFolder()
    await writeFile(join(outside, 'secret'), 'canary')
    await symlink(outside, join(root, 'd'))
    await symlink(join(outside, 'secret'), join(root, 'f'))
    await symlink(join(outside, 'missing'), join(root, 'dangling'))
    const refusal = { code: 'INVALID_PARAMETER_VALUE' }
    await expect(store.get('f')).rejects.toMatchObject(refusal)
    await expect(store.get('d/secret')).rejects.toMatchObject(refusal)
    await expect(store.list('d')).rejects.toMatchObject(refusal)
    await expect(putText(store, 'd/new', 'x')).rejects.toMatchObject(refusal)
    await expect(putText(store, 'd/new/deep', 'x')).rejects.toMatchObject(refusal)
    await expect(putText(store, 'dangling/f', 'x')).rejects.toMatchObject(refusal)
    await expect(putText(store, 'dangling/deep/f', 'x')).rejects.toMatchObject(refusal)
    await expect(store.delete('d/secret')).rejects.toMatchObject(refusal)
    expect(await store.list('')).toEqual([])
    expect(await readdir(outside)).toEqual(['secret'])
  })

  it('replaces and deletes a link itself, never what it leads to', async () => {
    const { store, root } = await openStore()
    const outside = await temporaryFolder()
    await writeFile(join(outside, 'secret'), 'canary')
    await symlink(join(outside, 'secret'), join(root, 'f'))
    await symlink(outside, join(root, 'd'))
    await putText(store, 'f', 'mine')
    await store.delete('d')
    expect(await getText(store, 'f')).toBe('mine')
    expect(await filesBelow(outside)).toEqual(['secret'])
    expect(await filesBelow(root)).toEqual(['f'])
  })

  it('does not wait for the other end of a pipe', async () => {
    const { store, root } = await openStore()
    await promisify(execFile)('mkfifo', [join(root, 'pipe')])
    await expect(store.get('pipe')).rejects.toThrow('No such artifact')
    expect(await store.list('')).toEqual([])
  })
})

describe('opening and checking a local artifact store', () => {
  it('takes a path and a file: URI, and makes the folder', async () => {
    const folder = await temporaryFolder()
    await putText(await openLocalArtifactStore(`file://${folder}/a%20b`), 'f', 'x')
    expect(await filesBelow(folder)).toEqual(['a b/f'])
  })

  it.each(['a file in the way', 'a file above it'])(
    'names the setting and the folder for %s',
    async (kind) => {
      const folder = await temporaryFolder()
      await writeFile(join(folder, 'file'), '')
      const uri = join(folder, 'file', kind === 'a file above it' ? 'below' : '')
      await expect(openLocalArtifactStore(uri)).rejects.toThrow(
        /^MLFLOW_ARTIFACTS_DESTINATION=.*file.*cannot keep/,
      )
    },
  )

  it('does not wait forever for a folder that no one can make', async () => {
    await expect(openLocalArtifactStore('/proc/no/such/folder')).rejects.toThrow(
      /\/proc\/no\/such\/folder \(/,
    )
  })

  it('fails its check with the folder’s name when the folder is gone', async () => {
    const { store, root } = await openStore()
    await store.check()
    await rm(root, { recursive: true })
    await expect(store.check()).rejects.toThrow(root)
  })

  it('clears uploads that a stopped server left, not those in progress', async () => {
    const { root } = await openStore()
    const uploads = join(root, '.artifact.uploading.trackyard')
    await mkdir(uploads, { recursive: true })
    await writeFile(join(uploads, 'old'), 'half')
    await writeFile(join(uploads, 'fresh'), 'half')
    const twoDaysAgo = Date.now() / 1000 - 2 * 24 * 3600
    await utimes(join(uploads, 'old'), twoDaysAgo, twoDaysAgo)
    await openLocalArtifactStore(root)
    expect(await readdir(uploads)).toEqual(['fresh'])
  })
})
