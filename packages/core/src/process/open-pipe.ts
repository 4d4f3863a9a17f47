import { spawnSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmdirSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { removeFile } from '../files/remove-file.ts'

/** A pipe whose writing end is for a child. */
export interface ChildPipe {
  readonly reader: Readable
  /** A file descriptor; ours to close once the child has it. */
  readonly writeEnd: number
}

/**
 * Makes pipes of the system's own kind. What Node calls a pipe is a pair of sockets: a command cannot
 * open those by name (`tee /dev/stderr`, `> /dev/stdout`), and learns of a reader that went away by
 * another error than it expects. Node cannot make pipes, so named ones are made, opened and unnamed.
 * @returns undefined where that cannot be done; Node's kind has to do there.
 */
export function openPipes(count: number): readonly ChildPipe[] | undefined {
  if (process.platform === 'win32') return undefined
  let directory: string | undefined
  let names: readonly string[] = []
  const pipes: ChildPipe[] = []
  try {
    const made = mkdtempSync(path.join(tmpdir(), 'taskvault-pipes-'))
    directory = made
    names = Array.from({ length: count }, (_, index) => path.join(made, String(index)))
    if (spawnSync('mkfifo', ['-m', '600', ...names]).status !== 0) return undefined
    for (const name of names) pipes.push(openPipe(name))
    return pipes
  } catch {
    // No room, no permission, no descriptors left: whatever it is, it is no reason not to run.
    closePipes(pipes)
    return undefined
  } finally {
    if (directory !== undefined) discard(directory, names)
  }
}

/** Name by name: to list a directory takes a descriptor, of which there may be none left. */
function discard(directory: string, names: readonly string[]): void {
  for (const name of names) removeFile(name)
  rmdirSync(directory)
}

/** Closes the writing ends. The readers stay. */
export function closeWriteEnds(pipes: readonly ChildPipe[]): void {
  for (const pipe of pipes) closeSync(pipe.writeEnd)
}

/** Closes both ends. */
export function closePipes(pipes: readonly ChildPipe[]): void {
  closeWriteEnds(pipes)
  for (const pipe of pipes) pipe.reader.destroy()
}

function openPipe(name: string): ChildPipe {
  // Without O_NONBLOCK, opening waits for the other end. The writing end must not have it: it is the
  // command's, which does not expect it.
  const readEnd = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const writeEnd = openSync(name, constants.O_WRONLY)
    return { reader: new Socket({ fd: readEnd, readable: true, writable: false }), writeEnd }
  } catch (error) {
    closeSync(readEnd)
    throw error
  }
}
