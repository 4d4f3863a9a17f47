import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { TaskVaultError, asTaskVaultError } from '../../errors.ts'
import { digestFromBytes } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'
import { readContent, runToEnd } from '../contents/read-content.ts'
import { describeDirectory } from './describe-directory.ts'
import type { ScanContext } from './scan-context.ts'
import { scanTree } from './scan-tree.ts'

/**
 * Returns the digest of a file's content, or of a directory's names, kinds, executable bits and contents, whatever the
 * path itself is called. A path that is a symlink counts as its target.
 * @throws {TaskVaultError} INPUT_MISSING when the path does not exist; INPUT_UNREADABLE, INPUT_CHANGED,
 * NAME_UNSUPPORTED; ARGUMENT_INVALID for a socket, pipe or device.
 */
export function hashPath(path: string, context: ScanContext): Digest {
  const absolutePath = resolvePath(path)
  const stats = statSync(absolutePath)
  if (stats.isDirectory()) {
    return digestFromBytes(runToEnd(scanTree(absolutePath, { context })).node.input)
  }
  if (!stats.isFile()) {
    throw new TaskVaultError('ARGUMENT_INVALID', `${path} is neither a file nor a directory`)
  }
  const [entry] = describeDirectory(dirname(absolutePath), [basename(absolutePath)], context)
  if (entry?.kind === 'file') return entry.digest
  return digestFromBytes(runToEnd(readContent(absolutePath, context.algorithm)).digest)
}

function resolvePath(path: string): string {
  try {
    return realpathSync(resolve(path))
  } catch (error) {
    const failure = asTaskVaultError(error, `read ${path}`)
    if (failure.code !== 'IO_FAILED') throw failure
    throw new TaskVaultError('INPUT_MISSING', `There is no ${path}`, {
      hint: 'Check the path; it is relative to the current directory.',
      cause: error,
    })
  }
}
