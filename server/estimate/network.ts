/** The ways in and out. */
import { isFirst, line, type Price } from './line.ts'

export const priceNat: Price = (gateway, pricing) => {
  const { prices, hours, usage } = pricing
  const shared = line(gateway, 'data through NAT gateways, GiB', usage.transferGiB / 2, prices.natGiB)
  return [
    line(gateway, 'NAT gateway, hours', hours, prices.natHour),
    ...(isFirst(gateway, pricing) ? [shared] : []),
  ]
}

export const priceAddress: Price = (address, { prices, hours }) => [
  line(address, 'public address, hours', hours, prices.publicAddressHour),
]

export const priceEndpoint: Price = (endpoint, { prices, hours }) => {
  const { VpcEndpointType, SubnetIds } = endpoint.properties
  if (VpcEndpointType !== 'Interface') return []
  const zones = countOf(SubnetIds)
  return [line(endpoint, `interface endpoint in ${zones} zones, hours`, zones * hours, prices.endpointHour)]
}

export const priceLoadBalancer: Price = (balancer, { prices, hours, usage }) => {
  const { Scheme, Subnets, SubnetMappings } = balancer.properties
  const zones = countOf(Subnets ?? SubnetMappings)
  const open = [
    line(balancer, `public addresses in ${zones} zones, hours`, zones * hours, prices.publicAddressHour),
    line(balancer, 'data to the internet, GiB', usage.transferGiB, prices.transferGiB),
  ]
  return [
    line(balancer, 'load balancer, hours', hours, prices.loadBalancerHour),
    line(balancer, 'one capacity unit, hours', hours, prices.loadBalancerUnitHour),
    ...(Scheme === 'internet-facing' ? open : []),
  ]
}

export const priceFirewall: Price = (acl, { prices, usage }) => [
  line(acl, 'web ACL', 1, prices.firewall),
  line(acl, 'rules', countOf(acl.properties.Rules), prices.firewallRule),
  line(acl, 'requests, millions', usage.requestsMillions, prices.firewallMillionRequests),
]

function countOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 1
}
