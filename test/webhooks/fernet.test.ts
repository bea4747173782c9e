import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { decryptFernet, encryptFernet } from '../../server/webhooks/fernet.ts'
import { mlflowEnvironment } from '../support/mlflow.ts'

const KEY = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4='
const OTHER_KEY = `${'A'.repeat(43)}=`
const mlflow = await mlflowEnvironment()

describe('a Fernet token', () => {
  it('is that of the specification’s example', () => {
    const token =
      'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=='
    expect(decryptFernet(KEY, token)).toBe('hello')
  })

  it('is read back, whatever the text', () => {
    for (const text of ['', 's', 'größe 🧪', 'x'.repeat(687)]) {
      const token = encryptFernet(KEY, text, 1_700_000_000_000)
      expect(decryptFernet(KEY, token)).toBe(text)
      expect(token.length).toBeLessThanOrEqual(1000)
    }
  })

  it('is not read with another key, nor when a bit of it has changed', () => {
    const token = encryptFernet(KEY, 'secret', 0)
    expect(decryptFernet(OTHER_KEY, token)).toBeUndefined()
    expect(decryptFernet('', token)).toBeUndefined()
    const bytes = Buffer.from(token, 'base64url')
    for (const at of [0, 5, 12, 30, bytes.length - 1]) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(decryptFernet(KEY, changed.toString('base64url'))).toBeUndefined()
    }
    expect(decryptFernet(KEY, 'plain text')).toBeUndefined()
  })

  it.skipIf(!mlflow)('is read by Python’s library, and its tokens here', async () => {
    const program =
      'import sys; from cryptography.fernet import Fernet; f = Fernet(sys.argv[1]); print(f.decrypt(sys.argv[2]).decode()); print(f.encrypt("von dort".encode()).decode())'
    const ours = encryptFernet(KEY, 'von hier', Date.now())
    const { stdout } = await promisify(execFile)(mlflow?.python ?? '', ['-c', program, KEY, ours])
    const [read, token = ''] = stdout.trim().split('\n')
    expect(read).toBe('von hier')
    expect(decryptFernet(KEY, token)).toBe('von dort')
  })
})
