import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A file of this package by its path in it, whether this module runs from a checkout or from what npm installed. */
export function shippedFile(path: string): string {
  const root = dirname(createRequire(import.meta.url).resolve('trackyard/package.json'))
  return readFileSync(join(root, path), 'utf8')
}
