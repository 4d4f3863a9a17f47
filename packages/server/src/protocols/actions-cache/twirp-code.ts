const CODES: Readonly<Record<number, string>> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  408: 'deadline_exceeded',
  409: 'already_exists',
  413: 'resource_exhausted',
  429: 'resource_exhausted',
  503: 'unavailable',
}

/** What Twirp calls a failure that HTTP gives this status. */
export function twirpCodeOf(status: number): string {
  return CODES[status] ?? 'internal'
}
