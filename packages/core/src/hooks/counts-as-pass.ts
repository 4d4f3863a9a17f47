import type { Origin } from '../model/manifest.ts'
import type { PassesOf } from '../model/policy.ts'

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
