import { digestToBytes } from '../model/digest.ts'
import { checkWindowsName, parseTreeNode } from '../model/tree.ts'
import type { DirectoryEntry, TreeEntry } from '../model/tree.ts'
import type { ContentLocator } from '../store/blobs/content-locator.ts'

/**
 * What an entry's directory holds, verified.
 * @throws {TaskVaultError} BLOB_MISSING, BLOB_CORRUPT, ENTRY_DAMAGED.
 */
export function readNode(directory: DirectoryEntry, locator: ContentLocator): TreeEntry[] {
  const entries = parseTreeNode(locator.read(digestToBytes(directory.digest)).toString('utf8'))
  if (process.platform === 'win32') for (const { name } of entries) checkWindowsName(name)
  return entries
}
