import type { Patch } from '../patch-source.ts'

/** A defence that is taken away, and what the suite must find then. */
export interface Control {
  readonly without: string
  readonly patches: readonly Patch[]
  readonly finds: RegExp
}

export const CONTROLS: readonly Control[] = [
  {
    without: 'digests of what is read',
    patches: [
      { file: 'vault/open-entry.ts', find: 'blob.verifyFile(entry.blob)', replace: '' },
      {
        file: 'store/unpacking/unpack-batch.ts',
        find: 'if (found.equals(digest)) return',
        replace: 'return',
      },
      {
        file: 'store/blobs/content-locator.ts',
        find: 'if (!whole.digest().equals(digest)) throw corruptContent(digest)',
        replace: '',
      },
      {
        file: 'store/blobs/content-locator.ts',
        find: 'if (!algorithm.hash(bytes).equals(digest)) throw corruptContent(digest)',
        replace: '',
      },
      {
        file: 'store/blobs/stream-ahead.ts',
        find: 'if (!whole.digest().equals(digest)) throw corruptContent(digest)',
        replace: '',
      },
      {
        file: 'store/blobs/stream-ahead.ts',
        find: 'if (!algorithm.hash(bytes).equals(slice.digest)) throw corruptContent(digest)',
        replace: '',
      },
      {
        file: 'vault/read-result.ts',
        find: 'opened.verify(digest)',
        replace: '',
      },
    ],
    finds: /wrong: /,
  },
  {
    without: 'the key in the manifest',
    patches: [
      {
        file: 'vault/open-entry.ts',
        find: 'manifest.key === entry.key && manifest.scope === entry.scope && manifest.task === entry.task',
        replace: 'true',
      },
    ],
    finds: /wrong: /,
  },
  {
    without: 'doubts about the index when it contradicts the blobs',
    patches: [
      {
        file: 'vault/dismiss-damaged.ts',
        find: 'if (isOfAnother(manifest, entry) || !ownsManifest(store, entry)) {',
        replace: 'if (Date.now() === 0) {',
      },
    ],
    finds: /lost: /,
  },
  {
    without: 'a rebuild of the index from the blobs',
    patches: [
      {
        file: 'store/repair/fill-index.ts',
        find: 'if (rows.includes(undefined)) return false',
        replace: 'return false',
      },
    ],
    finds: /lost: /,
  },
  {
    without: 'the removal of the manifest with its entry',
    patches: [
      {
        file: 'store/entries/remove-entry.ts',
        find: `blobs.filter((blob) => removeBlobFile(store, blob['digest']))`,
        replace: 'blobs',
      },
    ],
    finds: /a removed entry came back/,
  },
  {
    without: 'a name for every failure of SQLite',
    patches: [
      {
        file: 'store/database/sqlite-failure.ts',
        find: 'if (code === undefined) return error',
        replace: 'return error',
      },
    ],
    finds: /uncaught /,
  },
]
