import type { TaskKey } from '../model/digest.ts'
import type { KeyableWork, RunRequest, RunVault } from './runs/run-contract.ts'
import { unlessTrouble } from './runs/run-trouble.ts'

/**
 * Returns the key of a piece of work, for callers that build their own key from it; undefined on trouble, which is
 * reported as an event.
 * @throws {TaskVaultError} when the work is declared wrongly: INPUT_MISSING, …
 */
export async function findKey(
  vault: RunVault,
  request: KeyableWork & Pick<RunRequest, 'onEvent'>,
): Promise<TaskKey | undefined> {
  return (await unlessTrouble({ vault, request }, () => vault.fingerprint(request)))?.key
}
