import type { Patch } from '../patch-modules.ts'
import type { OperationName } from './scenarios.ts'
import type { Fault } from './trace.ts'

/** A defence that is taken out of core, the faults that need it, and what must then be found. */
export interface SyscallControl {
  readonly name: string
  readonly operation: OperationName
  readonly patches: readonly Patch[]
  readonly isNeededFor: (fault: Fault) => boolean
  readonly finds: RegExp
}

export const SYSCALL_CONTROLS: readonly SyscallControl[] = [
  {
    name: 'blobs are written under their own names',
    operation: 'save',
    patches: [
      {
        file: 'files/write-atomically.ts',
        find: 'const temporary = join(directory, temporaryName(basename(absolutePath)))',
        replace: 'const temporary = absolutePath',
      },
      {
        file: 'files/write-atomically.ts',
        find: "openSync(temporary, 'wx'",
        replace: "openSync(temporary, 'w'",
      },
      // Half of the bytes, then the other half: a small file is one system call.
      {
        file: 'files/write-atomically.ts',
        find: 'bytes, written, bytes.length - written)',
        replace: 'bytes, written, Math.ceil((bytes.length - written) / 2))',
      },
      {
        file: 'files/write-atomically.ts',
        find: 'rmSync(temporary, { force: true })',
        replace: '',
      },
    ],
    isNeededFor: ({ syscall, effect }) => syscall === 'write' && effect === 'signal=SIGKILL',
    finds: /holds other bytes/,
  },
  {
    name: 'a restore that fails leaves what it has changed so far',
    operation: 'restore',
    patches: [
      {
        file: 'outputs/apply-plan.ts',
        find: 'const left = undoAll(undo)',
        replace: 'const left = 0',
      },
    ],
    isNeededFor: ({ syscall, effect }) => syscall === 'rename' && effect === 'error=EIO',
    finds: /neither old nor new/,
  },
  {
    name: 'nobody writes down where a restore stages',
    operation: 'restore',
    patches: [
      { file: 'vault/restore.ts', find: 'recordStaging(parts.store, [directory])', replace: '' },
    ],
    isNeededFor: ({ syscall, effect }) => syscall === 'rename' && effect === 'signal=SIGKILL',
    finds: /staging was left/,
  },
  {
    name: 'the former entry goes before the one in its place is committed',
    operation: 'save',
    patches: [
      {
        file: 'store/publish-entry.ts',
        find: 'insertPublished(store, publication)',
        replace: 'removeUnneededWithin(store, replaced)\n    insertPublished(store, publication)',
      },
      {
        file: 'store/publish-entry.ts',
        find: 'import { removeUnneeded }',
        replace: 'import { removeUnneeded, removeUnneededWithin }',
      },
    ],
    // The audit log is appended to just before the commit.
    isNeededFor: ({ syscall, effect }) => syscall === 'write' && effect === 'signal=SIGKILL',
    finds: /^lost/,
  },
]
