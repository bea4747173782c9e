/** Which hosts and origins a server answers: names and addresses as a URL has them, never as text that looks alike. */
import { BlockList, isIPv4 } from 'node:net'

interface Host {
  /** Lower case, without a last dot; an IPv6 address in brackets and in its shortest form. */
  readonly name: string
  /** Empty where there is none. */
  readonly port: string
}

/** This machine and private networks (RFC 1918, RFC 4193): where a name that an attacker owns does not lead by itself. */
const LOCAL = blockList()

/** Localhost and private addresses when `allowed` is empty, else its patterns, where `*` is any text. */
export function isAllowedHost(header: string, allowed: readonly string[]): boolean {
  if (allowed.includes('*')) return true
  const host = parseHost(header)
  if (!host) return false
  if (allowed.length > 0) return allowed.some((pattern) => matchesHost(pattern, host))
  return host.name === 'localhost' || host.name === '0.0.0.0' || isLocalAddress(host.name)
}

/** Localhost, the server's own host, and what `allowed` has, where `*` is any text. */
export function isAllowedOrigin(text: string, hostHeader: string, allowed: readonly string[]): boolean {
  if (allowed.includes('*') || allowed.includes(text)) return true
  const [scheme = '', authority = ''] = text.toLowerCase().split('://')
  const host = ['http', 'https'].includes(scheme) ? parseHost(authority) : undefined
  if (!host) return false
  const origin = `${scheme}://${host.name}${host.port === '' ? '' : `:${host.port}`}`
  if (allowed.some((pattern) => fits(pattern.split('://').at(-1) ?? '', host) && matches(pattern, origin)))
    return true
  const own = parseHost(hostHeader)
  if (own?.name === host.name && portOf(own, scheme) === portOf(host, scheme)) return true
  return ['localhost', '127.0.0.1', '[::1]'].includes(host.name)
}

/** @returns undefined for what is no host, and for a number that readers take for different addresses (0177.0.0.1) */
function parseHost(header: string): Host | undefined {
  const [, written = '', port = ''] =
    /^(\[[\da-f:.]+\]|[^\s:/?#@\\[\]%]+)(?::(\d{0,5}))?$/i.exec(header) ?? []
  const url = URL.parse(`http://${written}/`)
  if (!url || Number(port) > 65_535) return undefined
  const name = withoutDot(url.hostname)
  if (isIPv4(name) && withoutDot(written) !== name) return undefined
  return { name, port }
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}

function portOf({ port }: Host, scheme: string): string {
  return port || (scheme === 'https' ? '443' : '80')
}

function isLocalAddress(name: string): boolean {
  if (isIPv4(name)) return LOCAL.check(name, 'ipv4')
  // An IPv4 address that IPv6 wraps is checked as the one that it wraps.
  return name.startsWith('[') && LOCAL.check(name.slice(1, -1), 'ipv6')
}

/** A pattern without a port stands for all ports. */
function matchesHost(pattern: string, host: Host): boolean {
  const { name, port } = host
  return fits(pattern, host) && (matches(pattern, name) || matches(pattern, `${name}:${port}`))
}

/** 10.* is a network, and 10.evil.example a name that anybody may have. */
function fits(pattern: string, { name }: Host): boolean {
  return isIPv4(name) || !/^[\d.]+\*/.test(pattern)
}

/** Whether `pattern` is `text` where each `*` stands for any text; the letter's case does not matter. */
function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.toLowerCase().split('*')
  const last = rest.pop()
  if (last === undefined) return first === text
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false
  const end = text.length - last.length
  let at = first.length
  for (const piece of rest) {
    const found = text.indexOf(piece, at)
    if (found < 0 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}

function blockList(): BlockList {
  const list = new BlockList()
  list.addSubnet('127.0.0.0', 8, 'ipv4')
  list.addSubnet('10.0.0.0', 8, 'ipv4')
  list.addSubnet('172.16.0.0', 12, 'ipv4')
  list.addSubnet('192.168.0.0', 16, 'ipv4')
  list.addAddress('::1', 'ipv6')
  list.addSubnet('fc00::', 7, 'ipv6')
  return list
}
