/** Where the settings of an EnterpriseStack are written: a file, and CDK context, which wins. */
import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { optionsUnder } from '../constructs/options-under.ts'
import { SettingsError } from '../constructs/settings.ts'

/** Options as a person wrote them, those of a part below the part's name. */
export type Written = Readonly<Record<string, unknown>>

/** Read when it is there; another one is `-c settings=path`. */
export const SETTINGS_FILE = 'trackyard.json'

/**
 * The options in CDK context: `trackyard:network` with an object, or `trackyard:network.egress` with a value, which
 * wins over the object, since a command line knows only this one.
 */
export function settingsInContext(context: Written): Written {
  const entries = Object.entries(optionsUnder('trackyard:', context))
  const depth = ([name]: [string, unknown]) => name.split('.').length
  return entries
    .sort((one, other) => depth(one) - depth(other))
    .reduce<Written>((settings, [name, value]) => {
      const [part = '', ...names] = name.split('.')
      // Not an object, so there is nothing to merge with: it stays, to be refused.
      if (names.length > 0 && !isObject(settings[part] ?? {})) return settings
      return mergeSettings(settings, nest([part, ...names], value))
    }, {})
}

/**
 * The options in the settings file; none when there is no file and nobody named one.
 * @throws SettingsError when it cannot be read, or holds no object
 */
export function settingsInFile(context: Written, folder: string): Written {
  const { settings: path = SETTINGS_FILE } = context
  if (typeof path !== 'string') throw new SettingsError(['settings: must be the path of a file'])
  try {
    const read: unknown = JSON.parse(readFileSync(resolve(folder, path), 'utf8'))
    if (isObject(read)) return read
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && context.settings === undefined) return {}
    throw new SettingsError([`settings=${path}: ${(error as Error).message}`])
  }
  throw new SettingsError([`settings=${path}: ${basename(path)} must hold an object of options`])
}

/** What is in `over` wins; objects are merged, however deep. */
export function mergeSettings(under: Written, over: Written): Written {
  const merged = Object.entries(over).map(([name, value]) => {
    const below = under[name]
    if (isObject(below) && isObject(value)) return [name, mergeSettings(below, value)]
    return [name, value]
  })
  return { ...under, ...Object.fromEntries(merged) }
}

function nest([name, ...names]: string[], value: unknown): Written {
  return { [name as string]: names.length === 0 ? value : nest(names, value) }
}

export function isObject(value: unknown): value is Written {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
