import type { RemoteVault, SingleRemoteVault } from './remote-vault.ts'

/**
 * A remote store, and another one for as long as the first does not answer. What the first has begun is begun again with
 * the other; which blobs an entry still lacks there is for the store to say, as whenever it is published.
 */
export function withFallback(first: SingleRemoteVault, fallback: RemoteVault): RemoteVault {
  return {
    mode: first.mode,
    async attempt(use, work) {
      const result = await first.attempt(use, work)
      if (result !== undefined || !first.isSilent) return result
      return await fallback.attempt(use, work)
    },
    async [Symbol.asyncDispose]() {
      await using _ = fallback
      await first[Symbol.asyncDispose]()
    },
  }
}
