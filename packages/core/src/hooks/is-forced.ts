import type { Environment } from '../git/run-git.ts'
import { parseYesOrNo } from '../model/yes-or-no.ts'

/** Whether hooks run tasks even if they passed before: TASKVAULT_SKIP=0 or TASKVAULT_FORCE=1. */
export function isForced(env: Environment): boolean {
  return (
    parseYesOrNo(env['TASKVAULT_SKIP']) === false || parseYesOrNo(env['TASKVAULT_FORCE']) === true
  )
}
