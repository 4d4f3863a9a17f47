import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { isTaskVaultError } from '@taskvault/core'
import { operate, prepareProject } from './scenarios.ts'
import type { OperationName } from './scenarios.ts'

export interface SyscallWorkerOptions {
  readonly project: string
  readonly operation: OperationName
  /** Where it says what was acknowledged and how it ended; no faults are put into that. */
  readonly notesDirectory: string
}

/** How the operation ended, as JSON; nothing is written by a process that was killed. */
export type SyscallOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'uncaught'; readonly message: string }

const { project, operation, notesDirectory } = JSON.parse(
  process.argv[2] ?? '',
) as SyscallWorkerOptions

function end(outcome: SyscallOutcome): void {
  writeFileSync(join(notesDirectory, 'outcome'), JSON.stringify(outcome))
}

process.on('uncaughtException', (error) => {
  end({ kind: 'uncaught', message: String(error.stack) })
  process.exit(70)
})

// Once on a vault of its own, so that no system call below belongs to loading code.
const rehearsal = mkdtempSync(join(tmpdir(), 'taskvault-rehearsal-'))
await prepareProject(rehearsal, operation)
await operate(rehearsal, operation)
rmSync(rehearsal, { recursive: true })

// Stopped until the tracer is attached.
process.kill(process.pid, 'SIGSTOP')

try {
  await operate(project, operation, (saved) => writeFileSync(join(notesDirectory, saved), ''))
  end({ kind: 'done' })
} catch (error) {
  if (isTaskVaultError(error)) end({ kind: 'refused', code: error.code, message: error.message })
  else
    end({ kind: 'uncaught', message: error instanceof Error ? String(error.stack) : String(error) })
}
