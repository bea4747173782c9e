import type { Line } from './line.ts'
import type { Estimate } from './template.ts'

/** A table of what each resource costs, and the sum. */
export function toText(of: { readonly stack: string } & Estimate): string {
  const { stack, region, asOf, source, usage, lines, monthly, notPriced } = of
  const rows = lines.filter((line) => line.monthly > 0).map(rowOf)
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  const [resource = 0, what = 0] = widths
  const print = ([id = '', text = '', quantity = '', price = '', sum = '']: string[]) =>
    `${id.padEnd(resource)}  ${text.padEnd(what)}  ${quantity.padStart(8)} x ${price.padStart(7)}  ${sum.padStart(9)}`
  const { artifactsGiB, logsGiB, requestsMillions, transferGiB } = usage
  return [
    `${stack} in ${region}`,
    '',
    ...rows.map(print),
    `${'A month, about'.padEnd(resource + what + 22)}${money(monthly).padStart(9)} USD`,
    '',
    `Prices of ${asOf}: ${source}.`,
    `Assumed: ${artifactsGiB} GiB of artifacts; a month has ${requestsMillions} million requests, ${logsGiB} GiB of logs`,
    `and ${transferGiB} GiB to the internet. Not counted: support, taxes, discounts, what scales out.`,
    ...(notPriced.length > 0 ? [`Price not known here: ${notPriced.join(', ')}`] : []),
  ].join('\n')
}

function rowOf({ resource, what, quantity, price, monthly }: Line): string[] {
  return [resource, what, String(Math.round(quantity)), String(Number(price.toPrecision(3))), money(monthly)]
}

function money(dollars: number): string {
  return dollars.toFixed(2)
}
