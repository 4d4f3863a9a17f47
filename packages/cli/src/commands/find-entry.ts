import { TaskVaultError, findEntriesByPrefix } from '@taskvault/core'
import type { EntryRow, Vault } from '@taskvault/core'

const FEWEST_DIGITS = 4

/**
 * The one entry whose key begins with `prefix`, as `cache ls` prints it.
 * @throws {TaskVaultError} ENTRY_NOT_FOUND when there is none; ARGUMENT_INVALID when it is no key, or
 * the beginning of several.
 */
export function findEntryByPrefix(vault: Vault, prefix: string): EntryRow {
  if (!/^[0-9a-f]+$/.test(prefix) || prefix.length < FEWEST_DIGITS) {
    throw new TaskVaultError('ARGUMENT_INVALID', `${JSON.stringify(prefix)} is not a key`, {
      hint: `Give a key, or at least its first ${FEWEST_DIGITS} digits, as \`taskvault cache ls\` prints it.`,
    })
  }
  const [entry, another] = findEntriesByPrefix(vault.store, prefix, 2)
  if (entry === undefined) {
    throw new TaskVaultError(
      'ENTRY_NOT_FOUND',
      `There is no entry with a key that begins with ${prefix}`,
      {
        hint: '`taskvault cache ls` lists all entries.',
      },
    )
  }
  if (another !== undefined) {
    throw new TaskVaultError('ARGUMENT_INVALID', `Several keys begin with ${prefix}`, {
      hint: 'Give more digits of the key.',
    })
  }
  return entry
}
