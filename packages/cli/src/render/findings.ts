import { shortDigest } from '@taskvault/core'
import type { AuditVerdict, Finding, VaultEvent } from '@taskvault/core'
import { formatBytes, formatCount } from './quantities.ts'

/** What is wrong with one thing that is stored, on one line. */
export function describeFinding(finding: Finding): string {
  switch (finding.kind) {
    case 'index-damaged':
      return `the index is damaged: ${finding.detail}`
    case 'counter-wrong':
      return `the index has a wrong count of ${finding.counter}: ${finding.is}, but it should be ${finding.shouldBe}`
    case 'blob-corrupt':
      return `blob ${shortDigest(finding.digest)} is damaged (${finding.detail}); ${entriesNeed(finding.entries)}`
    case 'blob-missing':
      return `blob ${shortDigest(finding.digest)} is gone; ${entriesNeed(finding.entries)}`
    case 'contents-wrong':
      return `the index is wrong about ${formatCount(finding.count, 'content', 'contents')} of blob ${shortDigest(finding.digest)}`
    case 'entry-mismatch':
      return `entry ${shortDigest(finding.key)} of ${finding.task} differs from its manifest: ${finding.detail}`
    case 'entry-forgotten':
      return `the index has forgotten the entry of manifest ${shortDigest(finding.digest)}`
    case 'file-unknown':
      return `blob ${shortDigest(finding.digest)} (${formatBytes(finding.sizeBytes)}) belongs to nothing; \`taskvault cache gc\` removes it`
  }
}

/** Why the index is another one now, as the rest of a sentence about it. */
export function describeRebuildCause(
  cause: Extract<VaultEvent, { kind: 'rebuilt' }>['cause'],
): string {
  switch (cause) {
    case 'lost':
      return 'was lost'
    case 'damaged':
      return 'was damaged'
    case 'other-version':
      return 'was made by another version of TaskVault'
  }
}

/** Whether the audit log is whole, on one line. */
export function describeAudit(verdict: AuditVerdict): string {
  if (verdict.kind === 'sound') {
    const { lines, interruptions } = verdict
    const cut =
      interruptions === 0
        ? ''
        : `, ${formatCount(interruptions, 'write', 'writes')} cut off and accounted for`
    return `${formatCount(lines, 'line', 'lines')}, unbroken${cut}`
  }
  return `${verdict.file}:${verdict.line}: ${BROKEN[verdict.because]}`
}

const BROKEN: Readonly<Record<Extract<AuditVerdict, { kind: 'broken' }>['because'], string>> = {
  unchained: 'this line was changed, or lines before it were changed, removed or moved',
  cut: 'lines are missing from here on',
  rewritten: 'the log was rewritten up to here: the index knows a different last line',
}

function entriesNeed(count: number): string {
  return count === 1 ? '1 entry needs it' : `${count} entries need it`
}

/** More than anybody reads; what a whole store lacks would be a line for each of its entries. */
const MOST_LINES = 100

/** As many lines as are read, and how many more there are. */
export function shorten(lines: readonly string[]): readonly string[] {
  if (lines.length <= MOST_LINES) return lines
  const left = (lines.length - MOST_LINES).toLocaleString('en')
  return [...lines.slice(0, MOST_LINES), `  and ${left} more; --json lists all of them`]
}
