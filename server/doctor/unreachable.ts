import { type Finding, failed } from './finding.ts'

/** What a failure to connect means, by the code that Node or OpenSSL gives it. */
const ADVICE: Record<string, string> = {
  ENOTFOUND: 'the name is not known here: check its spelling and the DNS',
  EAI_AGAIN: 'the DNS does not answer: check the network of this machine',
  ECONNREFUSED:
    'nobody listens there: start the server (docker compose ps shows whether it runs), or correct the port',
  ECONNRESET:
    'something on the way ends connections: check the firewall and the proxy; is it https instead of http?',
  EHOSTUNREACH: 'no way leads there: check the network and the firewall',
  ENETUNREACH: 'no way leads there: check the network and the firewall',
  ETIMEDOUT: 'a firewall drops the packets, or the machine is off: check both',
  ABORT_ERR: 'no answer in 15 seconds: the server hangs or is overloaded; see its log, memory and processor',
  EPROTO: 'the port does not speak TLS: use http:// or the port of the proxy',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the port does not speak TLS: use http:// or the port of the proxy',
  ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR:
    'the proxy has no certificate for this name: use the name it is for (TEAM_HOST)',
  CERT_HAS_EXPIRED: 'the certificate has expired: renew it, and restart the proxy',
  CERT_NOT_YET_VALID: 'the certificate is of the future: compare the clocks of both machines',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the certificate is for another name: use that name, or get one for this name',
}

const UNKNOWN_AUTHORITY =
  'the authority of the certificate is not known here: name its file in MLFLOW_TRACKING_SERVER_CERT_PATH'

export function whyUnreachable(url: string, error: NodeJS.ErrnoException): Finding {
  const code = codeOf(error)
  const unknown = /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)/.test(code)
  const advice = unknown ? UNKNOWN_AUTHORITY : (ADVICE[code] ?? 'check the URL, and whether the server runs')
  return failed(`no answer from ${url}: ${error.message || code}`, advice)
}

/** A connection that was tried by several addresses has a failure for each. */
function codeOf(error: NodeJS.ErrnoException & { errors?: readonly NodeJS.ErrnoException[] }): string {
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'ABORT_ERR'
  return error.code ?? error.errors?.[0]?.code ?? ''
}
