import { describe, expect, it } from 'vitest'
import { connectionsNeeded, defaultMaxConnections } from '../../constructs/capacity.ts'

describe('connections that an instance takes by default', () => {
  it.each([
    ['t4g.micro', 78],
    ['db.t4g.medium', 383],
    ['m7g.large', 788],
    ['m7g.2xlarge', 3221],
    ['r8g.xlarge', 3221],
    ['m7g.16xlarge', 5000],
  ])('are, on %s, %i', (instanceType, connections) => {
    expect(defaultMaxConnections(instanceType)).toBe(connections)
  })

  it.each(['m7g.metal', 'large', 'z1d.large', 'db.serverless'])('are not known of %s', (instanceType) => {
    expect(defaultMaxConnections(instanceType)).toBeUndefined()
  })
})

it('servers need their pools twice during a deployment, and room for others', () => {
  expect(connectionsNeeded({ tasks: 3, workers: 2, login: true, poolSize: 4, poolOverflow: 6 })).toEqual({
    most: 2 * 3 * 2 * 2 * 10 + 3 + 20,
    sum: expect.stringMatching(/^2 x 3 containers .* x 2 processes x 2 pools x 10 connections .* = 263$/),
  })
  expect(connectionsNeeded({ tasks: 1, workers: 1, login: false }).most).toBe(2 * 15 + 1 + 20)
})
