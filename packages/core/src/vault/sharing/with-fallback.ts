import type { RemoteVault } from './remote-vault.ts'

/**
 * A remote store, and another one for as long as the first does not answer. What the first has begun is begun again with
 * the other; which blobs an entry still lacks there is for the store to say, as whenever it is published.
 */
export function withFallback(first: RemoteVault, fallback: RemoteVault): RemoteVault {
  return {
    mode: first.mode,
    get isSilent() {
      return first.isSilent && fallback.isSilent
    },
    async attempt(use, work) {
      const result = first.isSilent ? undefined : await first.attempt(use, work)
      const isAnswered = result !== undefined || !first.isSilent
      return isAnswered ? result : await fallback.attempt(use, work)
    },
    async [Symbol.asyncDispose]() {
      await using _ = fallback
      await first[Symbol.asyncDispose]()
    },
  }
}
