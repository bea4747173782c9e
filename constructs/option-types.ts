import { z } from 'zod'

export const text = (pattern: RegExp, message: string) =>
  z.string({ error: message }).regex(pattern, { message })

export const wholeNumber = (least: number, most: number, unit = '') => {
  const error = `must be a whole number from ${least} to ${most}${unit && ` ${unit}`}`
  return z.int({ error }).min(least, { error }).max(most, { error })
}
