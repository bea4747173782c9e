/** Requests to a stack as its clients send them, with what a check wants to know of the answer and of a failure. */
import { request as plainRequest } from 'node:http'
import { type RequestOptions, request as tlsRequest } from 'node:https'
import { buffer } from 'node:stream/consumers'
import type { PeerCertificate, TLSSocket } from 'node:tls'

const TIMEOUT_MS = 15_000

export interface Answer {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: Buffer
  /** This machine's clock half-way between question and answer, in milliseconds since the epoch. */
  readonly askedAt: number
  /** Of the server, where the connection has TLS. */
  readonly certificate?: PeerCertificate | undefined
}

/** A stack as one client reaches it. */
export interface Stack {
  /** Without a slash at its end. */
  readonly url: string
  /** Value of the header that says who asks; empty for nobody. */
  readonly authorization: string
  /** PEM of the authorities that may have signed the certificate; empty for those Node knows. */
  readonly authorities: string
  /** Whether any certificate will do. */
  readonly insecure: boolean
}

export interface Question {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly body?: Buffer
  /** Of the body. @default application/octet-stream */
  readonly type?: string
  /** @default true */
  readonly signedIn?: boolean
}

/** @throws Error with the `code` of Node or OpenSSL when there is no answer */
export async function ask(stack: Stack, path: string, question: Question = {}): Promise<Answer> {
  const { method = 'GET', body, type = 'application/octet-stream', signedIn = true } = question
  const url = new URL(`${stack.url}${path}`)
  const options: RequestOptions = {
    method,
    agent: false,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      ...(body && { 'content-length': body.length, 'content-type': type }),
      ...(signedIn && stack.authorization && { authorization: stack.authorization }),
    },
    rejectUnauthorized: !stack.insecure,
    ...(stack.authorities && { ca: stack.authorities }),
  }
  const startedAt = Date.now()
  return new Promise((resolve, reject) => {
    const sent = url.protocol === 'https:' ? tlsRequest(url, options) : plainRequest(url, options)
    sent.on('error', reject)
    sent.on('response', (response) => {
      const askedAt = (startedAt + Date.now()) / 2
      const socket = response.socket as TLSSocket
      const certificate = url.protocol === 'https:' ? socket.getPeerCertificate() : undefined
      const { statusCode: status = 0, headers } = response
      buffer(response).then((body) => resolve({ status, headers, body, askedAt, certificate }), reject)
    })
    sent.end(body)
  })
}

/** The first line of an answer, cut: what a person can be shown of it. */
export function excerpt({ body }: Answer): string {
  const text = body.toString('utf8')
  const message = /"message"\s*:\s*"([^"]+)"/.exec(text)?.[1]
  return (message ?? text).trim().split('\n')[0]?.slice(0, 200) || 'nothing'
}
