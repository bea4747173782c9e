/** What the proxy of the team tier is told. */
import { FILES_FOLDER } from './container.ts'
import { CONTAINER_PORT, type TrackingSettings } from './settings.ts'
import { CERTIFICATE, PROXY } from './team.ts'

type Proxied = Pick<TrackingSettings, 'hostName' | 'staticPrefix' | 'tls'>

/** Caddy's configuration. `servers` are the names of the containers that answer, all alike. */
export function caddyfile(settings: Proxied, servers: readonly string[]): string {
  const upstreams = servers.map((server) => `${server}:${CONTAINER_PORT}`).join(' ')
  return `{
	admin unix/${PROXY.stateFolder}/admin.sock
	skip_install_trust
	auto_https disable_redirects
	https_port ${PROXY.port}
	default_sni ${settings.hostName}
	log {
		level WARN
	}
	servers {
		protocols h1 h2
	}
}

(patient) {
	lb_policy least_conn
	# A server that is away: another one, or the same when it is back. Nothing was sent to it yet.
	lb_try_duration 30s
	transport http {
		dial_timeout 2s
		# Shorter than the servers': the end that closes an idle connection must be the one that may use it.
		keepalive 30s
	}
}

https://${settings.hostName} {
	${tlsDirective(settings)}
	reverse_proxy ${upstreams} {
		import patient
		health_uri ${settings.staticPrefix}/health
		health_interval 2s
		health_timeout 5s
	}
	# No server was well when last looked at. Caddy refuses a POST then, without a try: a server that is going still
	# takes requests, and one that has just come is not known to be well yet.
	handle_errors {
		@nobody expression {err.status_code} == 503
		reverse_proxy @nobody ${upstreams} {
			import patient
		}
	}
}
`
}

function tlsDirective({ tls = { kind: 'internal' } }: Proxied): string {
  switch (tls.kind) {
    case 'internal':
      return 'tls internal'
    case 'files':
      return `tls ${FILES_FOLDER}/${CERTIFICATE.certificate} ${FILES_FOLDER}/${CERTIFICATE.key}`
    case 'acme':
      return `tls ${tls.email}`
  }
}
