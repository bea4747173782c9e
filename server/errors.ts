/** MLflow's error codes and the HTTP status each is answered with. */
export const STATUS_BY_CODE = {
  INVALID_PARAMETER_VALUE: 400,
  BAD_REQUEST: 400,
  MALFORMED_REQUEST: 400,
  RESOURCE_ALREADY_EXISTS: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  RESOURCE_DOES_NOT_EXIST: 404,
  ENDPOINT_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  RESOURCE_CONFLICT: 409,
  REQUEST_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  REQUEST_LIMIT_EXCEEDED: 429,
  INTERNAL_ERROR: 500,
  NOT_IMPLEMENTED: 501,
  TEMPORARILY_UNAVAILABLE: 503,
} as const

export type ErrorCode = keyof typeof STATUS_BY_CODE

interface ApiErrorOptions extends ErrorOptions {
  readonly retryAfterSeconds?: number
}

/** A fault to tell the client: thrown where it is known, written by the app's error handler only. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly code: ErrorCode
  /** When to ask again. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, message: string, options: ApiErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  get status(): number {
    return STATUS_BY_CODE[this.code]
  }

  toBody(): { error_code: ErrorCode; message: string } {
    return { error_code: this.code, message: this.message }
  }
}

/** The commonest fault by far: the client sent something that cannot be right. */
export function invalidParameter(message: string, options?: ErrorOptions): ApiError {
  return new ApiError('INVALID_PARAMETER_VALUE', message, options)
}

/** MLflow's wording for a value that is of the wrong type or outside its range. */
export function invalidValue(path: string, value: unknown, hint?: string): ApiError {
  return invalidParameter(
    `Invalid value ${shown(value)} for parameter '${path}' supplied${hint ? `: ${hint}` : '.'}`,
  )
}

function shown(value: unknown): string {
  try {
    return JSON.stringify(value, (_key, v) => (typeof v === 'bigint' ? Number(v) : v)) ?? 'null'
  } catch (error) {
    // It calls itself for each level.
    if (error instanceof RangeError) return 'of too many levels'
    throw error
  }
}

/** MLflow's wording for a required value that is absent. */
export function missingValue(path: string): ApiError {
  return invalidParameter(
    `Missing value for required parameter '${path}'. See the API docs for more information about request parameters.`,
  )
}

export function notFound(message: string): ApiError {
  return new ApiError('RESOURCE_DOES_NOT_EXIST', message)
}

/** The artifact at `path` is no longer the one whose length and tag a client has been told. */
export function replacedWhileRead(path: string): ApiError {
  return new ApiError('TEMPORARILY_UNAVAILABLE', `'${path}' was replaced while it was read; try again.`)
}

/**
 * What a server that only reads refuses with: MLflow's client does not ask again.
 * @param consequence what it means for who asks
 */
export function onlyReads(consequence: string): ApiError {
  return new ApiError(
    'PERMISSION_DENIED',
    `This server only reads (TRACKYARD_READ_ONLY): ${consequence}. Ask a server that writes, or have its operator start this one without that setting.`,
  )
}
