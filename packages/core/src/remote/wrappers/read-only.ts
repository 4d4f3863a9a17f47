import type { RemoteStores } from '../remote-stores.ts'

/** Says so instead of writing: nobody must believe that something was stored. */
export function readOnly({ blobs, entries }: RemoteStores): RemoteStores {
  return {
    blobs: { ...blobs, put: async () => 'skipped' },
    entries: {
      ...entries,
      publish: async () => ({
        kind: 'skipped',
        because: 'the remote store is used for reading only',
      }),
      remove: async () => false,
    },
  }
}
