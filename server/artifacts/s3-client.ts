/** The one connection to S3, from MLflow's settings; credentials come from the places where the AWS SDK looks. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { Config } from '../config.ts'

export type S3Settings = Pick<
  Config,
  | 's3EndpointUrl'
  | 's3AddressingStyle'
  | 's3IgnoreTls'
  | 's3Region'
  | 's3ExpectedBucketOwner'
  | 's3UploadArguments'
  | 's3ObjectLock'
  | 'maxUploadBytes'
>

const CONNECT_WITHIN_MS = 5_000
/** From the first byte of a request to the first of its answer. */
const ANSWER_WITHIN_MS = 60_000
/** Longer than a client may rest in a download that goes through this server. */
const SILENT_FOR_MS = 120_000
/** Each download in flight has a socket; the default of 50 would make small calls wait for large ones. */
const MOST_SOCKETS = 500

export async function openS3Client(settings: S3Settings): Promise<S3Client> {
  const { s3EndpointUrl, s3AddressingStyle, s3IgnoreTls } = settings
  const agent = { keepAlive: true, maxSockets: MOST_SOCKETS }
  return new S3Client({
    region: await regionOf(settings),
    ...(s3EndpointUrl && { endpoint: s3EndpointUrl }),
    forcePathStyle: s3AddressingStyle === 'path' || (s3EndpointUrl !== '' && s3AddressingStyle === 'auto'),
    followRegionRedirects: true,
    // Signatures cover each body already, and presigned URLs must not name a checksum that no client sends.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_WITHIN_MS,
      requestTimeout: ANSWER_WITHIN_MS,
      throwOnRequestTimeout: true,
      socketTimeout: SILENT_FOR_MS,
      httpAgent: agent,
      httpsAgent: { ...agent, rejectUnauthorized: !s3IgnoreTls },
    } satisfies S3ClientConfig['requestHandler'],
  })
}

/** boto asks no file but AWS_DEFAULT_REGION first, and takes us-east-1 where nothing is said; so does this. */
async function regionOf({ s3Region }: S3Settings): Promise<string> {
  if (s3Region) return s3Region
  const probe = new S3Client({})
  try {
    return await probe.config.region()
  } catch {
    return 'us-east-1'
  } finally {
    probe.destroy()
  }
}
