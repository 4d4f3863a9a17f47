import type { Patch } from '../patch-source.ts'
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
        find: 'const temporary = temporaryPathOf(absolutePath)',
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
        find: 'removeFile(temporary)',
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
      {
        file: 'vault/open-places.ts',
        find: 'recordStaging(store, [directory])',
        replace: '',
      },
    ],
    isNeededFor: ({ syscall, effect }) => syscall === 'rename' && effect === 'signal=SIGKILL',
    finds: /staging was left/,
  },
  {
    name: 'the former entry goes before the one in its place is committed',
    operation: 'save',
    patches: [
      {
        file: 'store/entries/publish-entry.ts',
        find: 'insertPublished(store, publication)',
        replace: 'removeUnneededWithin(store, replaced)\n    insertPublished(store, publication)',
      },
      {
        file: 'store/entries/publish-entry.ts',
        find: 'import { removeUnneeded }',
        replace: 'import { removeUnneeded, removeUnneededWithin }',
      },
    ],
    // The audit log is appended to just before the commit.
    isNeededFor: ({ syscall, effect }) => syscall === 'write' && effect === 'signal=SIGKILL',
    finds: /^lost/,
  },
  {
    name: 'collection takes what entries need',
    operation: 'collect',
    patches: [
      {
        file: 'store/removal/collect-unreferenced.ts',
        find: 'WHERE refs = 0 AND number > ?',
        replace: 'WHERE number > ?',
      },
      {
        file: 'store/removal/remove-unneeded.ts',
        find: 'AND NOT EXISTS (SELECT 1 FROM entry_blobs WHERE blob = blobs.number)',
        replace: '',
      },
      // The index itself would refuse to forget a blob that an entry needs.
      {
        file: 'store/removal/remove-unneeded.ts',
        find: "database.prepare('DELETE FROM blobs WHERE number = ?').run(number)",
        replace: '',
      },
    ],
    isNeededFor: ({ syscall, effect }) => syscall === 'unlink' && effect === 'error=EIO',
    finds: /^lost/,
  },
  {
    name: 'a line counts as written that the audit log did not take',
    operation: 'evict',
    patches: [
      {
        file: 'store/audit/audit-log.ts',
        find: 'if (writeSync(descriptor, bytes) < bytes.length) {',
        replace: 'try { writeSync(descriptor, bytes) } catch {}\n    if (bytes.length === 0) {',
      },
    ],
    isNeededFor: ({ syscall, effect }) => syscall === 'write' && effect === 'error=EIO',
    finds: /^audit log/,
  },
  {
    name: 'a new index is filled in its place',
    operation: 'repair',
    patches: [
      {
        file: 'store/repair/rebuild-index.ts',
        find: 'const filled = await writeFreshIndex(options, fresh)',
        replace:
          'removeFile(files.gate)\n' +
          '    for (const suffix of SUFFIXES) removeFile(files.database + suffix)\n' +
          '    const filled = await writeFreshIndex(options, files.database)',
      },
      {
        file: 'store/repair/rebuild-index.ts',
        find: 'replaceIndex(files, fresh, options.now())',
        replace: '',
      },
    ],
    isNeededFor: ({ syscall, ordinal, effect }) =>
      syscall === 'pwrite64' && ordinal % 4 === 0 && effect === 'signal=SIGKILL',
    finds: /^lost/,
  },
]
