import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type App, type IPropertyInjector, PropertyInjectors } from 'aws-cdk-lib'
import { SettingsError } from '../constructs/settings.ts'

/**
 * Gives every construct of the app the defaults of an organisation: the `propertyInjectors` of the module at `path`.
 * @throws SettingsError when there is no such module
 */
export async function applyBlueprint(app: App, path: string): Promise<void> {
  const { propertyInjectors } = await load(path)
  if (!propertyInjectors) throw new SettingsError([`blueprint=${path}: must export propertyInjectors`])
  PropertyInjectors.of(app).add(...propertyInjectors)
}

async function load(path: string): Promise<{ propertyInjectors?: IPropertyInjector[] }> {
  try {
    return await import(pathToFileURL(resolve(path)).href)
  } catch (error) {
    throw new SettingsError([`blueprint=${path}: ${(error as Error).message}`])
  }
}
