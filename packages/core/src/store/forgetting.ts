import { isTaskVaultError } from '../errors.ts'

/** Does what may fail without harm, because it only saves time: a failure is as if nothing were known. */
export function forgetting<Result>(work: () => Result): Result | undefined {
  try {
    return work()
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    return undefined
  }
}
