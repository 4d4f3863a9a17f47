import type { Digest } from '../../model/digest.ts'
import { escapeField } from '../../model/tree.ts'
import type { TreeEntry } from '../../model/tree.ts'

/**
 * A directory as a key sees it: names, kinds, executable bits and contents, a line each in the order
 * of UTF-16 code units. No times and no other mode bits, so that a touch or another umask changes
 * nothing.
 * @param directoryDigest digest of the same text for the subdirectory of that name.
 */
export function encodeInputNode(
  entries: readonly TreeEntry[],
  directoryDigest: (name: string) => Digest,
): string {
  let text = ''
  for (const entry of entries) {
    const name = escapeField(entry.name)
    switch (entry.kind) {
      case 'file':
        text += `${(entry.mode & 0o100) === 0 ? 'f' : 'x'}\t${entry.digest}\t${name}\n`
        break
      case 'directory':
        text += `d\t${directoryDigest(entry.name)}\t${name}\n`
        break
      case 'symlink':
        text += `l\t${escapeField(entry.target)}\t${name}\n`
        break
    }
  }
  return text
}
