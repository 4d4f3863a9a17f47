import type { GitSource } from '../../git/list-files.ts'
import type { Environment } from '../../git/run-git.ts'
import type { KeyableWork, RunVault } from '../runs/run-contract.ts'
import { createFingerprintContext, createRunVault, describeWork } from '../runs/run-vault.ts'
import type { Vault } from '../vault.ts'
import { openGitWork } from './git-work.ts'
import type { GitWork } from './git-work.ts'

/** The vault as runs see it, for work whose files are in the index or in a commit. */
export interface SourceVault extends RunVault {
  /** Opens the work; its key may be known without looking at each file. */
  open(work: KeyableWork): Promise<GitWork>
}

export interface WorkSource {
  readonly source: GitSource
  /** What a git that started us says of its index. */
  readonly gitEnv: Environment
}

export function createSourceVault(vault: Vault, { source, gitEnv }: WorkSource): SourceVault {
  const { projectRoot } = vault.settings
  const open = async (work: KeyableWork): Promise<GitWork> => {
    const request = { ...describeWork(work, projectRoot), source, gitEnv }
    return await openGitWork(request, createFingerprintContext(vault))
  }
  return {
    ...createRunVault(vault),
    open,
    fingerprint: async (work) => await (await open(work)).fingerprint(),
  }
}
