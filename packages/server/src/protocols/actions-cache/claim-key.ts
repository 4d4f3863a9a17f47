import { createHash } from 'node:crypto'
import type { Principal } from '../../trust/principal.ts'
import type { CachePlace } from './cache-place.ts'
import { findOwn, namespaceOfUpload, publishTemporary } from './temporary-entries.ts'
import type { UploadStore } from './temporary-entries.ts'

/*
 * Of many jobs that begin to send an archive of the same key, the one may that has claimed it: the first to
 * publish an entry of a name that only this key gives. When its archive is there, the claim is over, and the
 * name of the next one is made of it: the archive may have been removed since, and be wanted again.
 *
 * Claims are gone in an hour, whatever follows them. Where an archive was completed and removed, and the next one
 * takes longer than what is left of that hour, a third job may begin. As everywhere, the first to publish wins.
 */

const CLAIMS = 'actions-claim'
const OVER = 'over'

interface Upload extends CachePlace {
  readonly id: string
}

/** Whether the upload may write its key; not while another one has claimed it. */
export async function claimKey(
  store: UploadStore,
  who: Principal,
  { id, ...place }: Upload,
): Promise<boolean> {
  for (let former = ''; ;) {
    const claim = { namespace: CLAIMS, key: nameOf(place, former), content: id }
    const claimed = await publishTemporary(store, who, { ...claim, blobs: [], details: {} })
    if (claimed.kind !== 'known') return claimed.kind === 'published'
    former = claimed.entry.content
    if (!(await isClaimOver(store, who, former))) return false
  }
}

/** The id of the upload that has claimed a key last. */
export async function findClaim(
  store: UploadStore,
  who: Principal,
  place: CachePlace,
): Promise<string | undefined> {
  for (let id: string | undefined; ;) {
    const key = nameOf(place, id ?? '')
    const claim = await findOwn(store, who, { namespace: CLAIMS, key })
    if (claim === undefined) return id
    id = claim.content
  }
}

/** Lets others claim the key of an upload again: its archive is there, or cannot be there any more. */
export async function endClaim(store: UploadStore, who: Principal, { id }: Upload): Promise<void> {
  const over = { namespace: namespaceOfUpload(id), key: OVER, content: id }
  await publishTemporary(store, who, { ...over, blobs: [], details: {} })
}

/** Whether the upload of this id has had its turn. */
export async function isClaimOver(
  store: UploadStore,
  who: Principal,
  id: string,
): Promise<boolean> {
  const over = { namespace: namespaceOfUpload(id), key: OVER }
  return (await findOwn(store, who, over)) !== undefined
}

function nameOf({ version, key }: CachePlace, former: string): string {
  return createHash('sha256')
    .update(JSON.stringify([version, key, former]))
    .digest('hex')
}
