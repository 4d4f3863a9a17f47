import type { TaskKey } from '../model/digest.ts'
import type { KeyableWork, RunRequest, RunVault } from './runs/run-contract.ts'
import { unlessTrouble } from './runs/run-trouble.ts'

/**
 * The key of a piece of work, for a caller that makes a key of its own of it; undefined when trouble kept it
 * from being known, which is reported as an event.
 * @throws {TaskVaultError} when the work cannot be meant: INPUT_MISSING, …
 */
export async function findKey(
  vault: RunVault,
  request: KeyableWork & Pick<RunRequest, 'onEvent'>,
): Promise<TaskKey | undefined> {
  return (await unlessTrouble({ vault, request }, () => vault.fingerprint(request)))?.key
}
