import { TaskVaultError } from '@taskvault/core'
import type { Runner } from '../runner.ts'

const FLAGS = ['fallback', 'update', 'fail-on-cache-miss', 'lookup-only', 'save-always']

/**
 * Checks that a step which does the work itself asks for nothing that only others can do: passed over in silence,
 * `lookup-only` would run what was only to be looked up.
 * @throws {TaskVaultError} ARGUMENT_INVALID
 */
export function checkOnlyWithoutRun({ input, saysTrue }: Runner): void {
  const name = input('restore-keys') === '' ? FLAGS.find((flag) => saysTrue(flag)) : 'restore-keys'
  if (name === undefined) return
  throw new TaskVaultError('ARGUMENT_INVALID', `${name} is only for steps without a script`, {
    hint: 'Leave it out; or name what to keep under path, without run, and do the work in the steps that follow.',
  })
}
