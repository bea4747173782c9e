/** Which addresses are public: whoever makes a webhook must not reach what only this server can. */
import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** IANA's special-purpose registries, with multicast: what no server of the internet has. */
const NOT_PUBLIC_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
]
const NOT_PUBLIC_IPV6 = ['2001::/23', '2001:db8::/32', '3fff::/20']

/** Whether an address is one of the public internet, as itself or as the IPv4 address that it wraps. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !NOT_PUBLIC.check(address, 'ipv4')
  const words = isIPv6(address) ? wordsOf(address) : undefined
  if (!words) return false
  const wrapped = wrappedIpv4(words)
  if (wrapped) return isPublicAddress(wrapped)
  // Global unicast is 2000::/3; all the rest is local, reserved or multicast.
  return (words[0] ?? 0) >>> 13 === 1 && !NOT_PUBLIC.check(address, 'ipv6')
}

/** IPv4-mapped, 6to4 and NAT64 addresses lead to an IPv4 address. */
function wrappedIpv4(words: readonly number[]): string | undefined {
  const starts = (...prefix: number[]) => prefix.every((word, at) => words[at] === word)
  if (starts(0x2002)) return dotted(words[1], words[2])
  if (starts(0, 0, 0, 0, 0, 0xffff) || starts(0x64, 0xff9b, 0, 0, 0, 0)) return dotted(words[6], words[7])
  return undefined
}

function dotted(high = 0, low = 0): string {
  return [high >>> 8, high & 255, low >>> 8, low & 255].join('.')
}

/** The eight words of an IPv6 address; undefined for one with a zone, which is of this machine. */
function wordsOf(address: string): number[] | undefined {
  if (!URL.canParse(`http://[${address}]`)) return undefined
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const parse = (text: string) =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16))
  const [before, after] = [parse(head), parse(tail ?? '')]
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

const NOT_PUBLIC = blockList()

function blockList(): BlockList {
  const list = new BlockList()
  for (const [ranges, family] of [
    [NOT_PUBLIC_IPV4, 'ipv4'],
    [NOT_PUBLIC_IPV6, 'ipv6'],
  ] as const) {
    for (const range of ranges) {
      const [network = '', bits] = range.split('/')
      list.addSubnet(network, Number(bits), family)
    }
  }
  return list
}
