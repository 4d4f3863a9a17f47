import type { Patch } from '../patch-source.ts'

/** A defence that is taken out of core, and what the checker must then find. */
export interface KillControl {
  readonly name: string
  readonly patches: readonly Patch[]
  /** Less than usual, where eviction has to be at work within seconds. */
  readonly limitBytes?: number
  readonly collectingShare?: number
  /** More than usual: a race is met by what is done, and a process that starts does nothing yet. */
  readonly mostOperations?: number
  /** Longer than usual, until the vault is full. */
  readonly maxMs?: number
}

/** Makes the window of a race wide enough to be met within seconds. */
function waitMs(durationMs: number): string {
  return `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${durationMs})`
}

const WRITE_MANIFEST =
  "writeAtomically(blobPath(cacheDirectory, digest), blob, { mode: 0o644, fsync: 'bytes' })"

const PUBLISH_BLINDLY: readonly Patch[] = [
  {
    file: 'store/entries/publish-entry.ts',
    find: 'if (numbers.length > 0 || !isManifestThere(store, publication))',
    replace: 'if (!isManifestThere(store, publication))',
  },
  {
    file: 'store/entries/publish-entry.ts',
    find: 'insertPublished(store, publication)',
    replace: `insertPublished(store, {
      ...publication,
      blobNumbers: publication.blobNumbers.filter((number) => !numbers.includes(number)),
    })`,
  },
]

/** Collection takes everything that no entry needs, of saves in flight too. */
export const COLLECT_AT_ONCE: readonly Patch[] = [
  {
    file: 'store/removal/collect-unreferenced.ts',
    find: 'GRACE_MS: number = 60 * 60 * 1000',
    replace: 'GRACE_MS: number = -1',
  },
]

export const KILL_CONTROLS: readonly KillControl[] = [
  {
    name: 'collection spares nothing of saves in flight, and publication does not look',
    collectingShare: 0.3,
    mostOperations: 250,
    patches: [
      ...PUBLISH_BLINDLY,
      ...COLLECT_AT_ONCE,
      {
        file: 'store/entries/write-manifest.ts',
        find: WRITE_MANIFEST,
        replace: `${waitMs(200)}\n  ${WRITE_MANIFEST}`,
      },
    ],
  },
  {
    name: 'an entry is published before its manifest is written',
    patches: [
      {
        file: 'store/entries/publish-entry.ts',
        find: ' || !isManifestThere(store, publication)',
        replace: '',
      },
      {
        file: 'store/entries/write-manifest.ts',
        find: WRITE_MANIFEST,
        replace: `setTimeout(() => ${WRITE_MANIFEST}, 15)`,
      },
    ],
  },
  {
    name: 'an entry that was replaced while it was opened is not looked up again',
    mostOperations: 200,
    patches: [
      { file: 'vault/restore.ts', find: 'if (!isCurrent(', replace: 'if (false && !isCurrent(' },
      {
        file: 'vault/read-result.ts',
        find: 'if (!isCurrent(',
        replace: 'if (false && !isCurrent(',
      },
      {
        file: 'vault/open-entry.ts',
        find: 'using stack = new DisposableStack()',
        replace: `${waitMs(60)}\n  using stack = new DisposableStack()`,
      },
    ],
  },
  {
    name: 'eviction begins with what was used last',
    limitBytes: 3 * 1024 * 1024,
    maxMs: 6_000,
    patches: [
      {
        file: 'store/removal/eviction-queues.ts',
        find: `strategy = 'lru' AND (accessed_at, number) > (?1, ?2)\n    ORDER BY accessed_at, number`,
        replace: `strategy = 'lru' AND ?1 <= ?2 + 1e18\n    ORDER BY accessed_at DESC, number DESC`,
      },
    ],
  },
]
