import { Fn, Names, Stack } from 'aws-cdk-lib'
import type { Construct } from 'constructs'

/** A hyphen, and the first part of the UUID that ends the id of a stack. */
const ID_LENGTH = 9

/**
 * A name that CloudFormation does not make up, of at most `maxLength` characters, for what stays when its stack goes: it
 * ends in what the stack has been given for as long as it lives, so that another stack of the same name, deployed after
 * that, makes its own.
 */
export function deploymentName(scope: Construct, { maxLength }: { readonly maxLength: number }): string {
  const path = Names.uniqueResourceName(scope, { maxLength: maxLength - ID_LENGTH, separator: '-' })
  const uuid = Fn.select(2, Fn.split('/', Stack.of(scope).stackId))
  return `${path.toLowerCase()}-${Fn.select(0, Fn.split('-', uuid))}`
}
