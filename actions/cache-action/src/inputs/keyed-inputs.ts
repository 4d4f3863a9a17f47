import { TaskVaultError } from '@taskvault/core'
import type { Runner } from '../runner.ts'

/** A key that somebody has written, as actions/cache has it. */
export interface KeyedInputs {
  /** As it was written: in the place of `{hash}` comes the digest of what the work reads. */
  readonly key: string
  /** What keys begin with that are better than nothing, the best one first. */
  readonly restoreKeys: readonly string[]
  /** As they were written: a cache is of use only to who asks for the same. */
  readonly paths: readonly string[]
  readonly isWindowsOnly: boolean
  /** Whether actions/cache is to find what is saved. */
  readonly savesArchive: boolean
}

/** Where the digest of what the work reads comes into a key. */
export const HASH = '{hash}'

const LONGEST_KEY = 512
const MOST_KEYS = 10

/**
 * The key of a step that has one of its own, and no other word for what it depends on.
 * @throws {TaskVaultError} ARGUMENT_INVALID in the words of actions/cache.
 */
export function readKeyedInputs(runner: Runner): KeyedInputs | undefined {
  const { env, input, inputLines, saysTrue } = runner
  const key = input('key')
  const restoreKeys = inputLines('restore-keys')
  const keys = key === '' ? restoreKeys : [key, ...restoreKeys]
  if (keys.length > MOST_KEYS) throw invalid(`Keys are limited to a maximum of ${MOST_KEYS}.`)
  for (const each of keys) checkKey(each)
  const savesArchive = readFormat(input('format')) === 'archive'
  if (isKeyed(runner, key)) {
    const isWindowsOnly = env['RUNNER_OS'] === 'Windows' && !saysTrue('enableCrossOsArchive')
    return { key, restoreKeys, paths: inputLines('path'), isWindowsOnly, savesArchive }
  }
  if (savesArchive)
    throw new TaskVaultError('ARGUMENT_INVALID', 'An archive is found by a key alone', {
      hint: `Give a key; with inputs, ${HASH} in it stands for their digest.`,
    })
  if (restoreKeys.length === 0) return undefined
  throw new TaskVaultError('ARGUMENT_INVALID', 'restore-keys are prefixes of keys', {
    hint: `Give a key as well; with inputs, ${HASH} in it stands for their digest.`,
  })
}

const DEPENDENCIES = ['inputs', 'env', 'tools', 'salt']

function isKeyed({ input }: Runner, key: string): boolean {
  if (key === '' || input('run') !== '') return false
  return key.includes(HASH) || DEPENDENCIES.every((name) => input(name) === '')
}

function checkKey(key: string): void {
  if (key.length > LONGEST_KEY) {
    throw invalid(`${key} cannot be larger than ${LONGEST_KEY} characters.`)
  }
  if (key.includes(',')) throw invalid(`${key} cannot contain commas.`)
}

function readFormat(text: string): 'packs' | 'archive' {
  if (text === '' || text === 'packs') return 'packs'
  if (text === 'archive') return text
  throw new TaskVaultError('ARGUMENT_INVALID', `format is ${JSON.stringify(text)}`, {
    hint: 'Write packs or archive.',
  })
}

function invalid(message: string): TaskVaultError {
  return new TaskVaultError('ARGUMENT_INVALID', `Key Validation Error: ${message}`)
}
