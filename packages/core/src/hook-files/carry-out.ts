import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { asTaskVaultError, TaskVaultError } from '../errors.ts'
import { ensureDirectory } from '../files/ensure-directory.ts'
import { writeAtomically } from '../files/write-atomically.ts'
import { configuredNameOf } from './configured-hooks.ts'
import type { HookStep } from './hook-steps.ts'
import { replaceConfiguration } from './replace-configuration.ts'

/** What steps need beyond the file system. */
export interface StepTools {
  readonly configurationPath: string
  /** Runs git in the repository. */
  readonly git: (...args: readonly string[]) => void
}

/**
 * Carries out all steps, or none: after a failure the steps that were done are taken back.
 * @throws {TaskVaultError} PERMISSION_DENIED, DISK_FULL, IO_FAILED, GIT_FAILED.
 */
export function carryOut(steps: readonly HookStep[], tools: StepTools): void {
  const undo: (() => void)[] = []
  try {
    for (const step of steps) undo.push(carryOutStep(step, tools))
  } catch (error) {
    for (const takeBack of undo.toReversed()) asFarAsPossible(takeBack)
    throw asTaskVaultError(error, 'change the hooks')
  }
}

/** What cannot be taken back keeps nothing else from it; what is told is why that was needed. */
function asFarAsPossible(takeBack: () => void): void {
  try {
    takeBack()
  } catch {
    // As when a directory that we made is not empty any more.
  }
}

/** Does one step, and returns what takes it back. */
function carryOutStep(step: HookStep, tools: StepTools): () => void {
  switch (step.kind) {
    case 'make-directory':
      return makeDirectory(step.path)
    case 'move':
      return move(step)
    case 'write-hook':
      return writeHook(step)
    case 'remove':
      return remove(step.path)
    case 'remove-directory':
      return removeDirectory(step.path)
    case 'configure':
    case 'deconfigure':
    case 'restore-configuration':
      return configure(step, tools)
  }
}

/** The directories that `make-directory` would make for this path, outermost first. */
export function findMissingDirectories(path: string): readonly string[] {
  const missing: string[] = []
  for (let at = path; !existsSync(at); at = dirname(at)) missing.unshift(at)
  return missing
}

function makeDirectory(path: string): () => void {
  const missing = findMissingDirectories(path)
  ensureDirectory(path)
  return () => {
    for (const directory of missing.toReversed()) rmdirSync(directory)
  }
}

function move({ from, to }: { readonly from: string; readonly to: string }): () => void {
  const replaced = rememberFile(to)
  renameSync(from, to)
  return () => {
    renameSync(to, from)
    replaced()
  }
}

function writeHook({ path, text }: { readonly path: string; readonly text: string }): () => void {
  // What came into this place meanwhile is not ours to replace.
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined)
    throw new TaskVaultError('HOOKS_REFUSED', `Somebody else wrote ${path} just now`, {
      hint: 'Try again.',
    })
  // Whole or not at all: half a hook would be taken for somebody else's.
  writeAtomically(path, Buffer.from(text), { mode: 0o777 })
  return () => rmSync(path, { force: true })
}

function remove(path: string): () => void {
  const putBack = rememberFile(path)
  rmSync(path, { force: true })
  return putBack
}

/** Only hooks and records of ours are ever removed or replaced, which are small files. */
function rememberFile(path: string): () => void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats?.isFile() !== true) return () => undefined
  const bytes = readFileSync(path)
  return () => {
    writeFileSync(path, bytes)
    chmodSync(path, stats.mode)
  }
}

function removeDirectory(path: string): () => void {
  if (!existsSync(path) || readdirSync(path).length > 0) return () => undefined
  rmdirSync(path)
  return () => mkdirSync(path)
}

type ConfigurationStep = Extract<HookStep, { kind: `${string}configur${string}` }>

function configure(step: ConfigurationStep, { configurationPath, git }: StepTools): () => void {
  const before = readFileSync(configurationPath)
  const takeBack = (): void => replaceConfiguration(configurationPath, before)
  if (step.kind === 'restore-configuration') {
    replaceConfiguration(configurationPath, step.bytes)
    return takeBack
  }
  const section = `hook.${configuredNameOf(step.hook)}`
  try {
    if (step.kind === 'configure') {
      git('config', '--local', `${section}.command`, step.command)
      git('config', '--local', `${section}.event`, step.hook)
    } else {
      git('config', '--local', '--remove-section', section)
    }
  } catch (error) {
    takeBack()
    throw error
  }
  return takeBack
}
