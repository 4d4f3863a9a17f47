import { enableCompileCache } from 'node:module'
import { findKeptDirectory } from './kept-directory.ts'
import type { Environment } from './runner.ts'

/** Has the code that is imported from now on compiled once. */
export function keepCompiledCode(env: Environment): void {
  const directory = findKeptDirectory(env, 'compiled-code')
  if (directory !== undefined) enableCompileCache(directory)
}
