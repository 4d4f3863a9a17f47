import type { BlobName } from '@taskvault/core'
import type { Principal } from '../../trust/principal.ts'
import type { EngineContext } from '../engine-context.ts'
import { readableScopes } from '../visible-scopes.ts'
import { findBlobs, keepBlobs } from './blob-rows.ts'
import type { FoundBlob } from './blob-rows.ts'

/**
 * Those of `names` that `who` can rely on, each from the most trusted scope that has it: what an
 * untrusted job sent never stands in for what a trusted one did. They stay for the time of a lease: who
 * is told that a blob is there sends no other one. But what counts for nobody's limit, since its entry
 * went, keeps the lease that it has: asking for it would store it for nothing.
 */
export async function findKnownBlobs(
  context: EngineContext,
  who: Principal,
  names: readonly BlobName[],
): Promise<ReadonlyMap<BlobName, FoundBlob>> {
  const { database, now, times } = context
  const scopes = readableScopes(who)
  const found = await findBlobs(database, { tenantId: who.tenantId, scopes, names })
  const leaseEnds = now() + times.leaseMs
  const ending = found.filter(
    (blob) => !blob.isNeeded && blob.isCounted && blob.keptUntilMs < leaseEnds - times.leaseMs / 2,
  )
  const keys = ending.map((blob) => blob.objectKey)
  const kept = keys.length === 0 ? new Set<string>() : await keepBlobs(database, keys, leaseEnds)
  const gone = new Set(keys.filter((key) => !kept.has(key)))

  const known = new Map<BlobName, FoundBlob>()
  // The readable scopes are in the order of their trust, the own one first.
  const byTrust = found.toSorted(
    (left, right) => scopes.indexOf(left.scope) - scopes.indexOf(right.scope),
  )
  for (const blob of byTrust) if (!gone.has(blob.objectKey)) known.set(blob.name, blob)
  return known
}
