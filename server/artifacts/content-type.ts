import { posix } from 'node:path'
import { lookup } from 'mime-types'

/** What MLflow serves as plain text, so that a browser shows it and never runs it. */
const TEXT = new Set(
  'txt log err cfg conf cnf cf ini properties prop hocon toml yaml yml xml json js py py3 csv tsv md rst ipynb MLmodel MLproject'.split(
    ' ',
  ),
)

/** The media type of an artifact by its name, by MLflow's rules. */
export function contentTypeOf(path: string): string {
  const name = posix.basename(path)
  const extension = posix.extname(name).slice(1)
  if (TEXT.has(extension || name)) return 'text/plain'
  return (extension && lookup(extension)) || 'application/octet-stream'
}
