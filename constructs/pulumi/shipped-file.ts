import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The root of the package above this module: one folder further up in what npm installs than in a checkout. */
const ROOTS = ['../..', '../../..']

/** A file of this package by its path in it. */
export function shippedFile(path: string): string {
  const places = ROOTS.map((root) => join(import.meta.dirname, root, path))
  const place = places.find((one) => existsSync(one))
  if (!place) throw new Error(`${path} is missing from the package: none of ${places.join(', ')} is there`)
  return readFileSync(place, 'utf8')
}
