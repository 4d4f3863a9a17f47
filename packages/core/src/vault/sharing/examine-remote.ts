import type { RemoteMode } from '../../config/remote-settings.ts'
import { asTaskVaultError } from '../../errors.ts'
import type { Vault } from '../vault.ts'

/** Whether the remote store can be used. */
export interface RemoteExamination {
  readonly url: string
  readonly mode: RemoteMode
  /** Why it cannot be used, and what to do; null if it answers. */
  readonly trouble: string | null
}

/**
 * Asks the remote store for an entry, even if a process has just given it up. Undefined without a remote store. Takes at
 * most as long as a task would wait.
 */
export async function examineRemote(
  { settings: { remote }, store }: Vault,
  { env }: { readonly env: Readonly<Record<string, string | undefined>> },
): Promise<RemoteExamination | undefined> {
  if (remote === undefined) return undefined
  const { url, mode } = remote
  // Loaded for those who have a remote store, as `openVault` does.
  const { openRemoteStores } = await import('./remote-vault.ts')
  try {
    await using stores = await openRemoteStores({ remote, store, env })
    await stores.entries.list({ limit: 1 })
    return { url, mode, trouble: null }
  } catch (error) {
    const { message, hint } = asTaskVaultError(error, 'ask the remote store')
    return { url, mode, trouble: hint === undefined ? message : `${message}. ${hint}` }
  }
}
