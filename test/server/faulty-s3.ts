import { createServer, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { S3Server } from '../support/s3.ts'

export type Fault = (path: string, method: string, response: ServerResponse) => boolean | Promise<boolean>

/** What stands between the server and S3, and answers some requests itself; signatures pass through it. */
export async function faultyS3(s3: S3Server, fault: Fault): Promise<string> {
  const proxy = createServer(async (incoming, outgoing) => {
    if (await fault(incoming.url ?? '', incoming.method ?? '', outgoing)) return void incoming.resume()
    const { method, url, headers } = incoming
    const passed = request(`${s3.url}${url}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}

/** Whether a request makes an object of the parts of an upload. */
export function isComplete(path: string, method: string): boolean {
  return method === 'POST' && path.includes('uploadId=')
}

export function refuse(response: ServerResponse, status: number, code: string): true {
  response.writeHead(status, { 'content-type': 'application/xml' })
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>says S3</Message></Error>`)
  return true
}
