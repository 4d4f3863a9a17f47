/** What became of an entry that was offered to the remote store. */
export interface Pushed {
  /**
   * `sent`: it is there now. `known`: one with this key was there, which stays. `skipped`: nothing may be
   * written. `failed`: reported.
   */
  readonly kind: 'sent' | 'known' | 'skipped' | 'failed'
  /** Of the blobs that the remote store lacked. */
  readonly sentBytes: number
  /** Of `skipped`: why, in words of the remote store, for people. Absent when it gave none. */
  readonly because?: string
}
