import { DeleteObjectCommand, DeleteObjectsCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { invalidParameter } from '../errors.ts'
import { folderPrefix, objectAt, type S3Place } from './s3-place.ts'

/** Deletes the object of that name and all below it as a folder; a page of a listing is a batch. */
export async function deleteObjects(place: S3Place, path: string): Promise<void> {
  if (path === '') throw invalidParameter('Invalid path: the artifact root itself cannot be deleted')
  const { client, bucket, owner } = place
  const folder = { Bucket: bucket, Prefix: folderPrefix(place, path), ...owner }
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, folder)) {
    const Objects = Contents.map(({ Key }) => ({ Key }))
    if (Objects.length === 0) continue
    const command = new DeleteObjectsCommand({ Bucket: bucket, ...owner, Delete: { Objects, Quiet: true } })
    const [failed] = (await client.send(command)).Errors ?? []
    if (failed) throw Object.assign(new Error(`${failed.Key}: ${failed.Message}`), { name: failed.Code })
  }
  await client.send(new DeleteObjectCommand(objectAt(place, path)))
}
