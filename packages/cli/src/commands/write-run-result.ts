import { writeFileSync } from 'node:fs'
import { asTaskVaultError } from '@taskvault/core'
import type { RunOutcome } from '@taskvault/core'
import { describeReason } from '../render/change-reasons.ts'
import { renderJson } from '../render/voice.ts'

/**
 * Writes what came of a run as one JSON document, for who started it: standard output is the command's.
 * @throws {TaskVaultError} PERMISSION_DENIED, DISK_FULL, IO_FAILED.
 */
export function writeRunResult(absolutePath: string, outcome: RunOutcome): void {
  try {
    writeFileSync(absolutePath, renderJson(describe(outcome)))
  } catch (error) {
    throw asTaskVaultError(error, `write ${absolutePath}`)
  }
}

function describe(outcome: RunOutcome): unknown {
  const { kind, task, key = null, exitCode } = outcome
  const common = { outcome: kind, task, key, exitCode }
  if (outcome.kind === 'hit') {
    const { manifest, changes, receivedBytes } = outcome
    const { createdAtMs, durationMs, origin } = manifest
    const written = changes.written.length
    const removed = changes.removed.length
    return { ...common, createdAtMs, durationMs, origin, written, removed, receivedBytes }
  }
  const { save } = outcome
  const durationMs = Math.round(outcome.durationMs)
  const reasons = outcome.reasons.map((reason) => ({ ...reason, text: describeReason(reason) }))
  const remote = save.kind === 'saved' ? save.remote : undefined
  return { ...common, durationMs, saved: save.kind === 'saved', remote, reasons }
}
