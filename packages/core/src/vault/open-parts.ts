import type { Settings } from '../config/settings.ts'
import type { ScanContext } from '../files/scanning/scan-context.ts'
import type { StatCache } from '../files/scanning/stat-cache.ts'
import type { ProgressPhase } from '../model/events.ts'
import { createPublisher } from '../store/entries/publish-together.ts'
import type { Publisher } from '../store/entries/publish-together.ts'
import type { Store } from '../store/store.ts'
import type { RemoteVault } from './sharing/remote-vault.ts'

/** What the use cases of an open vault share. */
export interface OpenParts {
  readonly settings: Settings
  readonly store: Store
  readonly statCache: StatCache
  /** Of all saves through this vault. */
  readonly publisher: Publisher
  /** Undefined: this machine is all there is. */
  readonly remote: RemoteVault | undefined
  /** For reading the work tree; progress is reported under `phase`. */
  scanContext(phase: ProgressPhase): ScanContext
}

/** The parts of a vault over a store; what the stat cache learns is kept at `statCache.flush()`. */
export function createParts(
  settings: Settings,
  store: Store,
  {
    statCache,
    remote,
  }: { readonly statCache: StatCache; readonly remote?: RemoteVault | undefined },
): OpenParts {
  return {
    settings,
    store,
    statCache,
    publisher: createPublisher(store),
    remote,
    scanContext(phase) {
      let done = 0
      return {
        algorithm: store.algorithm,
        statCache,
        now: () => Date.now(),
        onProgress(names) {
          done += names
          store.report({ kind: 'progress', phase, done, total: undefined, unit: 'files' })
        },
      }
    },
  }
}
