import { readFileSync } from 'node:fs'
import path from 'node:path'
import { TaskVaultError, asTaskVaultError, systemErrorCode } from '../errors.ts'
import type { Origin } from './located.ts'
import { refuseProblems } from './problems.ts'

/** A configuration file's text, and how places in it are called. */
export interface ConfigText {
  readonly text: string
  readonly origin: Origin
  /** How the file is called. */
  readonly shownAs: string
}

export interface ConfigTextOptions {
  /** Files below it are called by their relative path; absolute. */
  readonly cwd: string
  /** What to do when there is no such file. */
  readonly absentHint: string
}

const MOST_CONFIG_BYTES = 2 ** 20

/**
 * Reads a configuration file.
 * @throws {TaskVaultError} CONFIG_NOT_FOUND; CONFIG_INVALID when it is no text; PERMISSION_DENIED, IO_FAILED.
 */
export function readConfigText(file: string, { cwd, absentHint }: ConfigTextOptions): ConfigText {
  const shown = showPath(file, cwd)
  const origin: Origin = {
    describe: ({ line, column }) => `${shown}:${line}:${column}`,
    sourceAt: (at) => ({ kind: 'file', path: shown, ...at }),
  }
  return { text: decode(readBytes(file, { shown, absentHint }), shown), origin, shownAs: shown }
}

function readBytes(
  file: string,
  { shown, absentHint }: { readonly shown: string; readonly absentHint: string },
): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemErrorCode(error) ?? ''))
      throw asTaskVaultError(error, `read the configuration ${shown}`)
    throw new TaskVaultError('CONFIG_NOT_FOUND', `There is no configuration file ${shown}`, {
      hint: absentHint,
      cause: error,
    })
  }
}

function decode(bytes: Buffer, shown: string): string {
  if (bytes.length > MOST_CONFIG_BYTES) refuseProblems([{ where: shown, what: 'larger than 1 MB' }])
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    refuseProblems([{ where: shown, what: 'not UTF-8 text' }])
    return ''
  }
}

/** Short where it can be: relative to `cwd` when it lies below. */
function showPath(file: string, cwd: string): string {
  const relative = path.relative(cwd, file)
  const isBelow = relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative)
  return isBelow ? relative : file
}
