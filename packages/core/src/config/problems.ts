import { TaskVaultError } from '../errors.ts'
import type { Problem } from './located.ts'

const HINT =
  'Correct what is named above; `taskvault config validate` checks again without doing anything.'

/** @throws {TaskVaultError} CONFIG_INVALID when there are any problems. */
export function refuseProblems(problems: readonly Problem[], hint: string = HINT): void {
  const lines = problems.map(({ where, what }) => `${where}: ${what}`)
  if (lines.length === 0) return
  const message =
    lines.length === 1 ? lines.join() : `${lines.length} problems:\n  ${lines.join('\n  ')}`
  throw new TaskVaultError('CONFIG_INVALID', `Invalid configuration: ${message}`, { hint })
}
