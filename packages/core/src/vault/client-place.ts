import type { Origin } from '../model/manifest.ts'
import { resolvePolicy } from '../model/policy.ts'
import type { ResolvedPolicy } from '../model/policy.ts'
import type { TaskName } from '../model/task.ts'
import { detectWorkplace } from '../platform/detect-origin.ts'
import type { Vault } from './vault.ts'

/** What a client was opened with. */
export interface Surroundings {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Place {
  readonly origin: Origin
  readonly policy: ResolvedPolicy
}

/** Where work is done now, and what applies to a task there. */
export function placeOf({ settings }: Vault, task: TaskName, { env }: Surroundings): Place {
  const { origin, subject } = detectWorkplace({ projectRoot: settings.projectRoot, env })
  return { origin, policy: resolvePolicy(settings, { task, ...subject }) }
}
