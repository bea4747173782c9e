/** The few pages of the sign-on that are this server's own. */
import type { FastifyReply } from 'fastify'
import { escapeHtml } from '../html.ts'

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

export interface Page {
  readonly status: number
  readonly title: string
  readonly text: string
  /** Where to go on. */
  readonly link: { readonly path: string; readonly text: string }
}

export function sendPage(reply: FastifyReply, { status, title, text, link }: Page): FastifyReply {
  return reply
    .status(status)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', POLICY)
    .header('cache-control', 'no-store')
    .send(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Trackyard: ${escapeHtml(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem}</style>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(text)}</p>
<p><a href="${escapeHtml(link.path)}">${escapeHtml(link.text)}</a></p>
</html>
`)
}
