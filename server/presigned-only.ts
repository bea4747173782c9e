/** What `--artifacts-presigned-only` refuses: bytes of artifacts through this server. Those of traces may pass. */
import { ApiError } from './errors.ts'
import type { Route } from './routes/route.ts'

const CARRIES_ARTIFACTS =
  /\/mlflow-artifacts\/artifacts\/\*$|\/get-artifact$|\/upload-artifact$|\/artifacts\/files$/

export function withoutProxiedBytes(routes: readonly Route[]): Route[] {
  return routes.map((one) =>
    one.method !== 'DELETE' && CARRIES_ARTIFACTS.test(one.path)
      ? { ...one, handle: refuse(one.method) }
      : one,
  )
}

function refuse(method: Route['method']) {
  const direction = method === 'GET' ? 'downloaded directly from' : 'uploaded directly to'
  return async (): Promise<never> => {
    throw new ApiError(
      'PERMISSION_DENIED',
      `This server requires artifacts to be ${direction} storage (--artifacts-presigned-only): use a client that transfers every file by signed URLs. MLflow does so for files from MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE and MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE on.`,
    )
  }
}
