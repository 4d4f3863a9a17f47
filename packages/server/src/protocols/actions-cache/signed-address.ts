import { TaskVaultError } from '@taskvault/core'
import type { Principal } from '../../trust/principal.ts'
import { openSealed, seal } from '../../trust/sealed.ts'

/** What an address lets its bearer do, whoever that is: clients send no token to where bytes go. */
export interface Grant {
  readonly may: 'upload' | 'download'
  /** The upload's id, or the entry's. */
  readonly id: string
  readonly who: Principal
  /** The archive that is sent, or found. */
  readonly version: string
  readonly key: string
  readonly expiresAtMs: number
}

const PLACE = 'address of a cache archive'

/** The query parameter is called `sig`, because clients and runners keep that out of their logs. */
export function signAddress(grant: Grant, secret: Uint8Array): string {
  return seal(Buffer.from(JSON.stringify(grant)), { secret, place: PLACE })
}

/** @throws {TaskVaultError} UNAUTHENTICATED when the signature is not ours, expired, or for something else. */
export function readAddress(
  signature: string,
  wanted: { readonly may: Grant['may']; readonly id: string; readonly nowMs: number },
  secret: Uint8Array,
): Grant {
  const grant = open(signature, secret)
  if (grant?.may === wanted.may && grant.id === wanted.id && wanted.nowMs < grant.expiresAtMs)
    return grant
  throw new TaskVaultError('UNAUTHENTICATED', 'The signature of this address is not valid', {
    hint: 'Addresses expire; ask for a new one.',
  })
}

/** What was sealed is as we made it. */
function open(signature: string, secret: Uint8Array): Grant | undefined {
  try {
    const text = openSealed(signature, { secret, place: PLACE }).toString('utf8')
    return JSON.parse(text) as Grant
  } catch {
    return undefined
  }
}
