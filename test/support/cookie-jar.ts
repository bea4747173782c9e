import { parseSetCookie, type SetCookie, stringifyCookie } from 'cookie'

/** The cookies of one browser, as one server sets them. */
export class CookieJar {
  readonly #cookies = new Map<string, SetCookie>()

  take(header: string | readonly string[] | undefined): void {
    for (const one of [header ?? []].flat()) {
      const cookie = parseSetCookie(one)
      if (cookie.maxAge === 0) this.#cookies.delete(cookie.name)
      else this.#cookies.set(cookie.name, cookie)
    }
  }

  header(): string {
    return stringifyCookie(Object.fromEntries([...this.#cookies].map(([name, { value }]) => [name, value])))
  }

  find(part: string): SetCookie | undefined {
    return [...this.#cookies.values()].find(({ name }) => name.includes(part))
  }

  forget(part: string): void {
    for (const name of [...this.#cookies.keys()]) if (name.includes(part)) this.#cookies.delete(name)
  }

  copy(): CookieJar {
    const copy = new CookieJar()
    for (const [name, cookie] of this.#cookies) copy.#cookies.set(name, cookie)
    return copy
  }
}
