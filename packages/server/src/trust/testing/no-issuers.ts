import { MOST_SESSION_MS } from '../trust-settings.ts'
import type { TrustSettings } from '../trust-settings.ts'

/** Nobody but bearers of keys. */
export const NO_ISSUERS: TrustSettings = {
  issuers: [],
  policies: {},
  certificates: [],
  sessionMs: MOST_SESSION_MS,
  bindsSessions: false,
}
