import type { TaskKey } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'

/** Something that is not as it should be. */
export type Finding =
  /** SQLite's own check failed; repaired by a rebuild from the blobs. */
  | { readonly kind: 'index-damaged'; readonly detail: string }
  /** A sum that triggers keep is wrong. */
  | {
      readonly kind: 'counter-wrong'
      readonly counter: string
      readonly is: number
      readonly shouldBe: number
    }
  /** Bytes do not match their digest; the blob goes to quarantine, entries that need it go. */
  | {
      readonly kind: 'blob-corrupt'
      readonly digest: Digest
      readonly detail: string
      readonly entries: number
    }
  | { readonly kind: 'blob-missing'; readonly digest: Digest; readonly entries: number }
  /** The index looks for contents in a blob that holds others. */
  | { readonly kind: 'contents-wrong'; readonly digest: Digest; readonly count: number }
  /** A row differs from its manifest; it is written again from the manifest. */
  | {
      readonly kind: 'entry-mismatch'
      readonly digest: Digest
      readonly task: string
      readonly key: TaskKey
      readonly detail: string
    }
  /** A manifest that the index does not know; its entry is brought back. */
  | { readonly kind: 'entry-forgotten'; readonly digest: Digest }
  /** A file that no row names, and older than saves take; collection removes it. */
  | { readonly kind: 'file-unknown'; readonly digest: Digest; readonly sizeBytes: number }
