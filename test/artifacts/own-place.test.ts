import { describe, expect, it } from 'vitest'
import { isOwnPlace } from '../../server/artifacts/own-place.ts'

const ROOTS = { artifactsDestination: '/store', defaultArtifactRoot: 'mlflow-artifacts:/' }
const TAKEN = [
  'mlflow-artifacts:/2',
  'mlflow-artifacts:/team/a',
  's3://bucket/taken/here',
  'file:///shared/b',
  '',
  null,
]

describe('a place for the artifacts of an experiment', () => {
  it.each([
    'mlflow-artifacts:/mine',
    'mlflow-artifacts:/team/ab',
    'mlflow-artifacts:/team/b/2',
    '/store/mine',
    's3://bucket/taken/hereafter',
    's3://other/taken/here',
    's3://bucket/2',
    '/shared/c',
  ])('is one of its own: %s', (location) => {
    expect(isOwnPlace(location, TAKEN, ROOTS)).toBe(true)
  })

  it.each([
    ['the place of another', 'mlflow-artifacts:/team/a'],
    ['inside it', 'mlflow-artifacts:/team/a/b'],
    ['above it', 'mlflow-artifacts:/team'],
    ['with a host', 'mlflow-artifacts://host/team/a'],
    ['spelt with more slashes', 'mlflow-artifacts:///team//a/'],
    ['spelt with percents', 'mlflow-artifacts:/te%61m/%2561'],
    ['the folder of the store', '/store/team/a'],
    ['the same as a file URI', 'file:///store/team/./a'],
    ['one that an experiment has by its number', 'mlflow-artifacts:/2'],
    ['one that an experiment will have', 'mlflow-artifacts:/77/x'],
    ['one that an experiment will have, in percents', 'mlflow-artifacts:/%37'],
    ['one that an experiment will have in a workspace', 'mlflow-artifacts:/workspaces/w/1'],
    ['the root', 'mlflow-artifacts:/'],
    ['the root of the store', '/store'],
    ['above the root', '/'],
    ['in a bucket', 's3://bucket/taken/here/x'],
    ['in a bucket in capitals', 's3://BUCKET/taken'],
    ['the bucket', 's3://bucket'],
    ['a folder beside the store', '/shared/b/../b/c'],
    ['no place at all', 'mlflow-artifacts:/../x'],
  ])('is not %s: %s', (_why, location) => {
    expect(isOwnPlace(location, TAKEN, ROOTS)).toBe(false)
  })
})
