import { rpc } from '../rpc.ts'
import { message } from '../wire.ts'
import { takesDirectUploads } from './artifact-transfers.ts'

export const serverRpcs = [
  rpc({
    method: 'GET',
    path: '/mlflow/server-info',
    version: '3.0',
    permission: 'signed-in',
    request: message({}),
    handler: ({ config, artifacts }) => ({
      store_type: 'SqlStore',
      workspaces_enabled: false,
      trace_archival_enabled: false,
      multipart_uploads_enabled:
        config.serveArtifacts && artifacts.direct !== undefined && takesDirectUploads({ config }),
      multipart_downloads_enabled: config.serveArtifacts && artifacts.direct !== undefined,
      presigned_upload_run_id_supported: true,
      presigned_upload_model_id_supported: true,
      artifact_serving_enabled: config.serveArtifacts,
      features_enabled: { gateway: false },
    }),
  }),
]
