import type { TaskKey } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'

/** Something wrong in the store. */
export type Finding =
  /** SQLite's own check failed. Repair: rebuild the index from the blobs. */
  | { readonly kind: 'index-damaged'; readonly detail: string }
  /** A total that triggers keep is wrong. */
  | {
      readonly kind: 'counter-wrong'
      readonly counter: string
      readonly is: number
      readonly shouldBe: number
    }
  /** Bytes do not match their digest. Repair: move the blob to quarantine, and remove entries that need it. */
  | {
      readonly kind: 'blob-corrupt'
      readonly digest: Digest
      readonly detail: string
      readonly entries: number
    }
  | { readonly kind: 'blob-missing'; readonly digest: Digest; readonly entries: number }
  /** The index places contents in a blob that does not hold them. */
  | { readonly kind: 'contents-wrong'; readonly digest: Digest; readonly count: number }
  /** A row differs from its manifest. Repair: rewrite it from the manifest. */
  | {
      readonly kind: 'entry-mismatch'
      readonly digest: Digest
      readonly task: string
      readonly key: TaskKey
      readonly detail: string
    }
  /** A manifest that the index does not know. Repair: bring its entry back. */
  | { readonly kind: 'entry-forgotten'; readonly digest: Digest }
  /** A file that no row names, too old to belong to a save in progress. Collection removes it. */
  | { readonly kind: 'file-unknown'; readonly digest: Digest; readonly sizeBytes: number }
