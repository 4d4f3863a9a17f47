import { isTaskVaultError } from '../errors.ts'
import type { Store } from './store.ts'

/** Reports a failure that costs nobody anything. @throws `error` itself when it is a bug. */
export function reportTrouble({ report }: Pick<Store, 'report'>, error: unknown): void {
  if (!isTaskVaultError(error)) throw error
  report({ kind: 'trouble', code: error.code, message: error.message })
}

/** Does what nothing else depends on: a failure is reported as trouble, and what it was for goes on. */
export function reportingTrouble(
  { report }: Pick<Store, 'report'>,
  attempt: string,
  work: () => void,
): void {
  try {
    work()
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    const message = `Could not ${attempt}: ${error.message}`
    report({ kind: 'trouble', code: error.code, message })
  }
}
