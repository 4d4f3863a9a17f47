/**
 * Remembers our digest of each git blob, so that no blob is read twice. Losing it costs time,
 * nothing else, so no operation of it ever throws.
 */
export interface GitContents {
  /** Digests of those among the hexadecimal ids that are known. */
  find(blobIds: readonly string[]): Map<string, Buffer>
  remember(digests: ReadonlyMap<string, Buffer>): void
}
