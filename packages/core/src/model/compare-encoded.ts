import { compareFingerprints } from './explain.ts'
import type { ChangeReason } from './explain.ts'
import { findDifferingLines } from './fingerprint-lines.ts'
import { parseFingerprint } from './fingerprint.ts'
import type { Fingerprint } from './fingerprint.ts'

/**
 * What `compareFingerprints` says of two fingerprints as they are stored. Only lines that differ are read,
 * as lines that are the same say nothing.
 * @throws {TaskVaultError} ENTRY_DAMAGED when one of them is not what `encodeFingerprint` writes.
 */
export function compareEncoded(before: Buffer, after: Buffer): ChangeReason[] {
  const lines = findDifferingLines(before, after)
  return compareFingerprints(readExcerpt(before, lines.before), readExcerpt(after, lines.after))
}

/** The fingerprint that has these lines only; the first two say of what it is, and never lack. */
function readExcerpt(encoded: Buffer, lines: readonly string[]): Fingerprint {
  const end = encoded.indexOf('\n', encoded.indexOf('\n') + 1)
  const head = encoded.toString('utf8', 0, end === -1 ? encoded.length : end)
  const others = lines.filter((line) => !head.endsWith(`\n${line}`))
  return parseFingerprint([head, ...others, ''].join('\n'))
}
