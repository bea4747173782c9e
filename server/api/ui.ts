/** What every page of MLflow's UI asks for besides the API: its assistant, telemetry and old gateway. */
import { rpc } from '../rpc.ts'
import { message } from '../wire.ts'

/** This server runs no assistant, sends no telemetry and has no gateway behind it, and says so. */
export const uiRpcs = [
  onlyUi('GET', '3.0', '/mlflow/assistant/config', {
    providers: {},
    projects: {},
    remote_access_allowed: false,
  }),
  onlyUi('GET', '3.0', '/mlflow/assistant/providers', {
    providers: [],
    resolved: null,
    gateway_vendor_options: {},
  }),
  onlyUi('GET', '3.0', '/mlflow/ui-telemetry', {
    disable_ui_events: [],
    disable_ui_telemetry: true,
    ui_rollout_percentage: 0,
  }),
  onlyUi('POST', '3.0', '/mlflow/ui-telemetry', { status: 'disabled' }),
  onlyUi('GET', '2.0', '/mlflow/gateway-proxy', { endpoints: [] }),
]

function onlyUi(method: 'GET' | 'POST', version: '2.0' | '3.0', path: string, answer: object) {
  return rpc({
    method,
    path,
    version,
    surface: 'ui',
    permission: 'signed-in',
    request: message({}),
    handler: () => answer,
  })
}
