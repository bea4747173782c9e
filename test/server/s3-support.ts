import { ListMultipartUploadsCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../server/config.ts'
import { BUCKET, type S3Server } from '../support/s3.ts'
import { testApp } from './support.ts'

export const ROUTE = '/api/2.0/mlflow-artifacts/artifacts'
export const MIB = 1024 ** 2

let prefixes = 0

/** A server whose artifacts are below a prefix of their own. */
export async function s3App(
  s3: S3Server,
  settings: Partial<Config> = {},
): Promise<{ app: FastifyInstance; prefix: string }> {
  const prefix = `team/${prefixes++}`
  const app = await testApp({ ...settingsOf(s3, prefix), ...settings })
  return { app, prefix }
}

/** Settings of a server whose artifacts are below that prefix. */
export function settingsOf(s3: S3Server, prefix: string): Partial<Config> {
  return { artifactsDestination: `s3://${BUCKET}/${prefix}`, s3EndpointUrl: s3.url, s3Region: 'us-east-1' }
}

export async function keysBelow({ client }: S3Server, prefix: string): Promise<string[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }))
  return Contents.map(({ Key = '' }) => Key)
}

export async function uploadsBelow({ client }: S3Server, prefix: string): Promise<number> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))
  return Uploads.filter(({ Key }) => Key?.startsWith(prefix)).length
}

export async function storeObject({ client }: S3Server, key: string, body = 'x'): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }))
}
