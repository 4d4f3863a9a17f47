import { createWriteStream, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Writable } from 'node:stream'
import { isWithin, TaskVaultError } from '@taskvault/core'
import type { Settings } from '@taskvault/core'
import { resolvePathArgument } from './path-argument.ts'

/** Where `cache get` puts a result. */
export type ResultTarget =
  | { readonly kind: 'path'; readonly absolutePath: string }
  | { readonly kind: 'standard-output' }
  /** Something that is written to and never replaced: a pipe, a FIFO, a device. */
  | { readonly kind: 'stream'; open(): Writable }

export interface TargetSurroundings {
  readonly cwd: string
  readonly settings: Pick<Settings, 'projectRoot' | 'cacheDirectory'>
}

/**
 * What an output on the command line means.
 * @throws {TaskVaultError} ARGUMENT_INVALID when it is no path; OUTPUT_FORBIDDEN when the project, the
 * working directory or the cache would go with what it replaces.
 */
export function parseResultTarget(
  output: string,
  { cwd, settings }: TargetSurroundings,
): ResultTarget {
  const absolutePath = resolvePathArgument(output, cwd)
  const descriptor = output === '-' ? 1 : inheritedDescriptor(absolutePath)
  if (descriptor === 1) return { kind: 'standard-output' }
  // By its number: a socket cannot be opened a second time by its name.
  if (descriptor !== undefined)
    return { kind: 'stream', open: () => createWriteStream('', { fd: descriptor }) }
  if (isStream(absolutePath)) return { kind: 'stream', open: () => createWriteStream(absolutePath) }
  checkApart(output, absolutePath, settings)
  checkReplaceable(output, realPlaceOf(absolutePath), [
    { directory: settings.projectRoot, called: 'the project' },
    { directory: cwd, called: 'the working directory' },
  ])
  return { kind: 'path', absolutePath }
}

/**
 * A result and the cache that keeps it have no part in common: it would be saved into itself.
 * @throws {TaskVaultError} OUTPUT_FORBIDDEN
 */
export function checkApart(
  output: string,
  absolutePath: string,
  settings: Pick<Settings, 'cacheDirectory'>,
): void {
  const place = realPlaceOf(absolutePath)
  const cache = realPathOf(settings.cacheDirectory)
  if (isWithin(place, cache)) throw forbidden(output, 'it is inside the cache')
  if (isWithin(cache, place)) throw forbidden(output, 'the cache is inside it')
}

function inheritedDescriptor(absolutePath: string): number | undefined {
  if (absolutePath === '/dev/stdout') return 1
  if (absolutePath === '/dev/stderr') return 2
  const digits = /^\/(?:dev|proc\/self)\/fd\/(\d{1,6})$/.exec(absolutePath)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function isStream(absolutePath: string): boolean {
  try {
    const found = statSync(absolutePath)
    return !found.isFile() && !found.isDirectory()
  } catch {
    // Nothing there, or nothing that can be looked at: whoever writes there says what is wrong.
    return false
  }
}

interface Precious {
  readonly directory: string
  readonly called: string
}

function checkReplaceable(output: string, place: string, precious: readonly Precious[]): void {
  const lost = precious.find(({ directory }) => isWithin(realPathOf(directory), place))
  if (lost !== undefined) throw forbidden(output, `${lost.called} is inside it`)
}

/** A symlink is replaced itself, and not what it leads to. */
function realPlaceOf(absolutePath: string): string {
  return path.join(realPathOf(path.dirname(absolutePath)), path.basename(absolutePath))
}

function realPathOf(absolutePath: string): string {
  try {
    return realpathSync(absolutePath)
  } catch {
    // What is not there, or cannot be looked into, is compared by its name.
    return absolutePath
  }
}

function forbidden(output: string, reason: string): TaskVaultError {
  return new TaskVaultError(
    'OUTPUT_FORBIDDEN',
    `Output ${JSON.stringify(output)} is refused: ${reason}`,
    { hint: 'Name a file or directory that holds this result alone.' },
  )
}
