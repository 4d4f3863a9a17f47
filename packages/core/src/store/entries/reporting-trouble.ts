import { isTaskVaultError } from '../../errors.ts'
import type { Store } from '../store.ts'

/** Does what nothing else depends on: a failure is reported as trouble, and what it was for goes on. */
export function reportingTrouble(
  store: Pick<Store, 'report'>,
  attempt: string,
  work: () => void,
): void {
  try {
    work()
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    const message = `Could not ${attempt}: ${error.message}`
    store.report({ kind: 'trouble', code: error.code, message })
  }
}
