/** What S3 knows of an object without its bytes. */
import {
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { notFound } from '../errors.ts'
import { objectAt, type S3Place } from './s3-place.ts'

/** @throws ApiError RESOURCE_DOES_NOT_EXIST, or what the SDK throws */
export async function headObject(place: S3Place, path: string): Promise<HeadObjectCommandOutput> {
  const missing = () => notFound(`No such artifact: '${path}'`)
  // The root is a folder, and S3 takes no empty key.
  if (path === '') throw missing()
  try {
    return await place.client.send(new HeadObjectCommand(objectAt(place, path)))
  } catch (error) {
    if (isRefused(error) && (await isMissing(place, path))) throw missing()
    throw error
  }
}

/** Who may list a prefix of the bucket only is told 403 of what is not there, since this request names no prefix. */
function isRefused(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 403
}

/** False also where the listing is refused: nobody knows then. */
async function isMissing(place: S3Place, path: string): Promise<boolean> {
  const { Key, ...bucket } = objectAt(place, path)
  try {
    // A key comes before all that begin with it.
    const { Contents = [] } = await place.client.send(
      new ListObjectsV2Command({ ...bucket, Prefix: Key, MaxKeys: 1 }),
    )
    return Contents[0]?.Key !== Key
  } catch {
    return false
  }
}
