import type { Settings } from '../config/settings.ts'
import type { Environment } from '../git/run-git.ts'
import type { Origin } from '../model/manifest.ts'
import type { SourceVault } from '../vault/fingerprints/source-vault.ts'
import type { TaskWork } from '../vault/runs/run-contract.ts'
import type { TroubleListener } from '../vault/runs/run-trouble.ts'
import type { Vault } from '../vault/vault.ts'
import type { HookEvent, HookSurroundings } from './hook-contract.ts'
import type { HookPlaces } from './hook-places.ts'
import type { HookTarget } from './hook-targets.ts'
import type { PlannedTask } from './plan-tasks.ts'

/** One task, to be seen to for one target. */
export interface TaskCheck {
  readonly planned: PlannedTask
  readonly target: HookTarget
  readonly settings: Settings
  /** Undefined when there is none to be had, which the caller has reported. */
  readonly vault: Vault | undefined
  openPlaces(): Promise<HookPlaces>
  readonly surroundings: HookSurroundings
  /** The hook's environment, and what of it tasks get to see. */
  readonly env: Environment
  readonly taskEnv: Environment
  readonly origin: Origin
  readonly skipsLookup: boolean
  readonly explains: boolean
  readonly onEvent: (event: HookEvent) => void
}

/** A task whose content can be told from others. */
export interface OpenCheck {
  readonly check: TaskCheck
  readonly vault: Vault
  readonly work: TaskWork
  readonly sourceVault: SourceVault
  readonly trouble: TroubleListener
}
