import { rpc } from '../rpc.ts'
import { message } from '../wire.ts'

export const serverRpcs = [
  rpc({
    method: 'GET',
    path: '/mlflow/server-info',
    version: '3.0',
    permission: 'open',
    request: message({}),
    handler: ({ config }) => ({
      store_type: 'SqlStore',
      workspaces_enabled: false,
      trace_archival_enabled: false,
      multipart_uploads_enabled: false,
      multipart_downloads_enabled: false,
      presigned_upload_run_id_supported: false,
      presigned_upload_model_id_supported: false,
      artifact_serving_enabled: config.serveArtifacts,
      features_enabled: { gateway: false },
    }),
  }),
]
