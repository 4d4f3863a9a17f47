import type { ChangeReason } from '../model/explain.ts'
import type { Manifest, Origin } from '../model/manifest.ts'
import type { PassesOf } from '../model/policy.ts'
import type { PlannedTask } from './plan-tasks.ts'

const LOCAL = 'local'

/** Whether a pass that was recorded at `recorded` counts for somebody at `here`. */
export function countsAsPass(passesOf: PassesOf, recorded: Origin, here: Origin): boolean {
  const { platform = LOCAL, user } = recorded
  switch (passesOf) {
    case 'anyone':
      return true
    case 'ci':
      return platform !== LOCAL
    case 'me':
      // Somebody without a name is nobody in particular.
      return platform === (here.platform ?? LOCAL) && user !== undefined && user === here.user
  }
}

/** What decides whether a record counts where a hook asks; the policy is that of the branch it asks for. */
export interface PassRules {
  readonly passesOf: PassesOf
  /** Undefined: a pass is never too old. */
  readonly ttlSeconds: number | undefined
  readonly here: Origin
  /** Milliseconds since 1970. */
  readonly nowMs: number
}

export function rulesOf(
  { policy, hookPolicy }: Pick<PlannedTask, 'policy' | 'hookPolicy'>,
  now: Pick<PassRules, 'here' | 'nowMs'>,
): PassRules {
  return { passesOf: hookPolicy.passesOf, ttlSeconds: policy.ttlSeconds, ...now }
}

/** Why a record is no pass; undefined when it is one. A failure never is, whatever a policy remembers. */
export function whyNoPass(
  { exitCode, origin, createdAtMs }: Pick<Manifest, 'exitCode' | 'origin' | 'createdAtMs'>,
  { passesOf, ttlSeconds, here, nowMs }: PassRules,
): ChangeReason | undefined {
  if (exitCode !== 0) return { kind: 'failed-before', exitCode }
  if (passesOf !== 'anyone' && !countsAsPass(passesOf, origin, here))
    return { kind: 'pass-of-others', passesOf }
  // It was written where another policy may hold.
  const isOld = ttlSeconds !== undefined && createdAtMs + ttlSeconds * 1_000 <= nowMs
  return isOld ? { kind: 'expired' } : undefined
}
