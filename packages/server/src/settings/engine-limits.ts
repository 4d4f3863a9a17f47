import type { TrustLevel } from '../trust/principal.ts'

/** How much may be kept, and for how long. Undefined: as much, and as long, as there is room. */
export interface EngineLimits {
  readonly tenantBytes: number | undefined
  /** Of all entries of one scope, by its trust. */
  readonly scopeBytes: Readonly<Partial<Record<TrustLevel, number>>>
  /** Since an entry was last used. */
  readonly ttlMs: number | undefined
}
