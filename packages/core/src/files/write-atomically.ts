import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { chanceName } from './chance-name.ts'
import { removeFile } from './remove-file.ts'
import { renameWritten } from './rename-written.ts'

export interface WriteOptions {
  /** Permission bits of a new file; 0o666 less the umask by default. */
  readonly mode?: number
  /**
   * Whether the file must survive a loss of power; it survives the death of the process anyway. `bytes`: its
   * name is the caller's to make durable, by `syncDirectory`, for several files at once.
   */
  readonly fsync?: boolean | 'bytes'
}

/**
 * Replaces the file at `absolutePath`: readers see the old bytes or all of the new ones.
 * Throws errors of the operating system, and leaves no temporary file behind.
 */
export function writeAtomically(
  absolutePath: string,
  bytes: Uint8Array,
  { mode = 0o666, fsync = false }: WriteOptions = {},
): void {
  const directory = dirname(absolutePath)
  const temporary = temporaryPathOf(absolutePath)
  try {
    const descriptor = openSync(temporary, 'wx', mode)
    try {
      writeFully(descriptor, bytes)
      if (fsync !== false) fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameWritten(temporary, absolutePath)
  } catch (error) {
    removeFile(temporary)
    throw error
  }
  if (fsync === true) syncDirectory(directory)
}

/** Where a file is written before it takes the place of the one at `absolutePath`. */
export function temporaryPathOf(absolutePath: string): string {
  const name = `.${basename(absolutePath).slice(0, 100)}.${chanceName()}.tmp`
  return join(dirname(absolutePath), name)
}

/** Writes all of `bytes` at the descriptor's position; a single write may take less. */
export function writeFully(descriptor: number, bytes: Uint8Array): void {
  let written = 0
  while (written < bytes.length) {
    written += writeSync(descriptor, bytes, written, bytes.length - written)
  }
}

/** Makes the names in a directory survive a loss of power, where the system has such a thing. */
export function syncDirectory(absolutePath: string): void {
  // Windows cannot open a directory, and does not need to: its journal orders renames by itself.
  if (process.platform === 'win32') return
  const descriptor = openSync(absolutePath, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
