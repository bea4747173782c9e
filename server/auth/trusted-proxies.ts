/** Whose word on where a request comes from is taken: headers say anything, the address of a connection does not. */
import { BlockList, isIP } from 'node:net'

/**
 * @param networks addresses and networks, as `TRACKYARD_TRUSTED_PROXIES` has them
 * @returns whether an address is that of a trusted proxy
 */
export function trustedProxies(networks: readonly string[]): (address: string | undefined) => boolean {
  if (networks.length === 0) return () => false
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', length] = network.split('/')
    if (length === undefined) list.addAddress(address, familyOf(address))
    else list.addSubnet(address, Number(length), familyOf(address))
  }
  // What a header says is an address may be any text.
  return (address = '') => isIP(address) !== 0 && list.check(address, familyOf(address))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}
