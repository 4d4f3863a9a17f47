import type { Settings } from '../config/settings.ts'
import type { Origin } from '../model/manifest.ts'
import { resolvePolicy } from '../model/policy.ts'
import type { ResolvedPolicy } from '../model/policy.ts'
import type { TaskName } from '../model/task.ts'
import { detectWorkplace } from '../platform/detect-origin.ts'

export interface Place {
  readonly origin: Origin
  readonly policy: ResolvedPolicy
}

export interface Surroundings {
  readonly settings: Settings
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Where work is done now, and what applies to a task there. */
export function detectPlace(task: TaskName, { settings, env }: Surroundings): Place {
  const { origin, subject } = detectWorkplace({ projectRoot: settings.projectRoot, env })
  return { origin, policy: resolvePolicy(settings, { task, ...subject }) }
}
