import type { Environment } from '../git/run-git.ts'

const NO = /^(0|no|false|off)$/i
const YES = /^(1|yes|true|on)$/i

/** Whether tasks run in a hook even if they passed before: TASKVAULT_SKIP=0 or TASKVAULT_FORCE=1. */
export function isForced(env: Environment): boolean {
  return NO.test(env['TASKVAULT_SKIP'] ?? '') || YES.test(env['TASKVAULT_FORCE'] ?? '')
}
