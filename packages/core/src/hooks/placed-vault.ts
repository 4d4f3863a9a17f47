import { createMemoryStatCache } from '../files/scanning/stat-cache.ts'
import type { KeyedFingerprint } from '../model/fingerprint.ts'
import { createSourceVault } from '../vault/fingerprints/source-vault.ts'
import type { SourceVault } from '../vault/fingerprints/source-vault.ts'
import type { RunRequest, RunVault } from '../vault/runs/run-contract.ts'
import { createRunVault } from '../vault/runs/run-vault.ts'
import type { Vault } from '../vault/vault.ts'
import type { OpenPlace } from './hook-places.ts'

export interface PlacedWork {
  readonly opened: OpenPlace
  /** What the work depends on, as read from its source. */
  readonly wanted: KeyedFingerprint
  /** The work as it would be done in the work tree. */
  readonly work: RunRequest
  /** The vault that reads from the source. */
  readonly sourceVault: SourceVault
}

/**
 * The vault as a run in a place sees it. When it is asked again what the work depends on, to notice
 * inputs that changed meanwhile, git says whether anything did: only then files are read.
 */
export function createPlacedVault(vault: Vault, placed: PlacedWork): RunVault {
  const { opened, wanted, work, sourceVault } = placed
  const { projectRoot, tree } = opened
  const settings = { ...vault.settings, projectRoot }
  // Nobody will ask about the directories of a snapshot again.
  const statCache = tree !== undefined ? createMemoryStatCache() : vault.statCache
  const here = createRunVault({ ...vault, settings, statCache })
  const checked =
    tree === undefined ? sourceVault : createSourceVault(vault, { source: tree, gitEnv: work.env })
  return {
    ...here,
    asksBeside: true,
    async fingerprint(asked) {
      const changes = await opened.findChanges(work)
      if (changes.length > 0) return await here.fingerprint(asked)
      // Of a snapshot, that its tree is the one that was asked about; the index may have changed before.
      const now = await checked.open(work)
      return now.knownKey === wanted.key ? wanted : await now.fingerprint()
    },
  }
}
