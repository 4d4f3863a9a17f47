/** The payload of a token whose signature, issuer, audience and times were verified. */
export type Claims = Readonly<Record<string, unknown>>

/**
 * Reads claims, and collects what is wrong with them. Nothing here is ever guessed: a claim that is
 * not there, or is of another type than the platform's, is a doubt.
 */
export interface ClaimReader {
  readonly doubts: readonly string[]
  /** A text that must be there. */
  need(name: string): string | undefined
  /** A text that may be missing or empty. */
  find(name: string): string | undefined
  /** `"true"` or `"false"`: platforms write these as texts, and `"false"` is as truthy as `"true"`. */
  needFlag(name: string): boolean | undefined
  doubt(because: string): undefined
}

const MOST_CHARACTERS = 1024

export function createClaimReader(claims: Claims): ClaimReader {
  const doubts: string[] = []

  function doubt(because: string): undefined {
    doubts.push(because)
  }

  function find(name: string): string | undefined {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value !== 'string') return doubt(`the claim ${name} is not a string`)
    if (value.length > MOST_CHARACTERS) return doubt(`the claim ${name} is too long`)
    // oxlint-disable-next-line no-control-regex -- they have no place in any claim
    if (/[\0-\x1f\x7f]/.test(value)) return doubt(`the claim ${name} has control characters`)
    return value
  }

  function need(name: string): string | undefined {
    const before = doubts.length
    const value = find(name)
    if (value === undefined && doubts.length === before) doubt(`the claim ${name} is missing`)
    return value
  }

  return {
    doubts,
    need,
    find,
    doubt,
    needFlag: (name) => {
      const value = need(name)
      if (value === undefined || value === 'true' || value === 'false') {
        return value === undefined ? undefined : value === 'true'
      }
      return doubt(`the claim ${name} is neither "true" nor "false"`)
    },
  }
}
