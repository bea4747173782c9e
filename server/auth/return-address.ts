/** A place of this server's own, whatever characters. */
const PATH = /^\/(?![/\\])[^\\\p{Cc}]*$/u

/** Stands in for the server: nothing that is not relative stays on it. */
const NOWHERE = 'http://nowhere.invalid'

/**
 * Where to go after a sign-in: the path that was asked for, if it is one of this server's own below `staticPrefix`, else
 * its first page. Never another origin, however a browser reads the text.
 */
export function returnAddress(asked: string | undefined, staticPrefix: string): string {
  const home = `${staticPrefix}/`
  if (asked === undefined || !PATH.test(asked)) return home
  const url = URL.parse(asked, NOWHERE)
  if (url?.origin !== NOWHERE) return home
  const path = url.pathname + url.search + url.hash
  const isBack = url.pathname.startsWith(`${staticPrefix}/auth/`)
  return path.startsWith(home) && PATH.test(path) && !isBack ? path : home
}
