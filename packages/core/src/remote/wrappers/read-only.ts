import type { RemoteStores } from '../remote-stores.ts'

/** Says so instead of writing: nobody must believe that something was stored. */
export function readOnly(
  { blobs, entries }: RemoteStores,
  because = 'the remote store is used for reading only',
): RemoteStores {
  return {
    blobs: { ...blobs, put: async () => 'skipped', check: async () => undefined },
    entries: {
      ...entries,
      publish: async () => ({ kind: 'skipped', because }),
      remove: async () => false,
    },
  }
}
