/**
 * The one judge of artifact paths: every route and every stored location asks it, and what it checked is what it
 * returns, so nothing decodes or normalises a path after the check.
 */
import { posix } from 'node:path'
import { type ApiError, invalidParameter } from '../errors.ts'

const MOST_DECODINGS = 10
// '#' and '?' end a path for whatever parses it as a URL later; '\' separates names on Windows clients.
const FORBIDDEN = /[\\#?]|\p{Cc}/u
const WINDOWS_DRIVE = /^[a-z]:(\/|$)/i
const FILE_URI = /^file:/i

/**
 * A path below a store's root, percent-decoded until nothing is left to decode, without empty and `.` segments.
 * The root itself is ''.
 * @throws ApiError "Invalid path"
 */
export function safePath(input: string): string {
  const decoded = decodeFully(input)
  const segments = decoded.split('/')
  // What is taken away may hide what the rest begins with.
  const path = segments.filter((segment) => segment !== '' && segment !== '.').join('/')
  const unsafe =
    !decoded.isWellFormed() ||
    decoded.startsWith('/') ||
    segments.includes('..') ||
    FORBIDDEN.test(decoded) ||
    WINDOWS_DRIVE.test(path) ||
    FILE_URI.test(path)
  if (unsafe) throw invalidPath()
  return path
}

/**
 * The path of a file to write: a safe path whose folders are spelt in one way only.
 * @throws ApiError in MLflow's words
 */
export function safeFilePath(input: string): string {
  const path = safePath(input)
  const asSent = decodeFully(input)
  if (path === '' || asSent.endsWith('/')) {
    throw invalidParameter("Artifact path must include a filename (cannot end with '/').")
  }
  const folder = posix.dirname(asSent).replace(/\/+$/, '')
  if (folder !== posix.dirname(path)) {
    throw invalidParameter(
      `Invalid artifact path: '${folder}'. Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '${posix.dirname(path)}'`,
    )
  }
  return path
}

/** A safe path below another safe path; either may be ''. */
export function joinSafe(base: string, path: string): string {
  return base === '' || path === '' ? base + path : `${base}/${path}`
}

export function invalidPath(): ApiError {
  return invalidParameter('Invalid path')
}

function decodeFully(input: string): string {
  let path = input
  for (let round = 0; round <= MOST_DECODINGS; round++) {
    const decoded = decodeOnce(path)
    if (decoded === path) return path
    path = decoded
  }
  throw invalidPath()
}

/** Decodes escapes and leaves a lone `%` as it is: "100%.txt" is a file name. */
function decodeOnce(path: string): string {
  try {
    return path.replace(/(%[0-9a-f]{2})+/gi, (escapes) => decodeURIComponent(escapes))
  } catch {
    throw invalidPath()
  }
}
