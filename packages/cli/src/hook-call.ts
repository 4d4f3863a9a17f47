import path from 'node:path'
import { GIT_HOOKS } from '@taskvault/core'
import type { GitHook } from '@taskvault/core'

/** `taskvault hooks run <hook>` as a git hook calls it. */
export interface HookCall {
  readonly hook: GitHook
  /** Absolute. */
  readonly cwd: string
}

/** The process, as far as it matters. */
export interface CallPlace {
  cwd(): string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Undefined for words that say anything else, or more. */
export function parseHookCall(words: readonly string[], place: CallPlace): HookCall | undefined {
  const named = words[0] === '-C' ? words[1] : place.env['TASKVAULT_CWD']
  const [group, command, name, ...rest] = words[0] === '-C' ? words.slice(2) : words
  const hook = GIT_HOOKS.find((known) => known === name)
  if (group !== 'hooks' || command !== 'run' || hook === undefined) return undefined
  // What git adds is not needed; what begins with a dash may be an option.
  if (rest.some((word) => word.startsWith('-'))) return undefined
  // Git names the remote. Who does not may have no list to give either, and is not to be waited for in silence.
  if (hook === 'pre-push' && rest.length === 0) return undefined
  const cwd = ownDirectory(place)
  return cwd === undefined ? undefined : { hook, cwd: path.resolve(cwd, named ?? '.') }
}

function ownDirectory(place: CallPlace): string | undefined {
  try {
    return place.cwd()
  } catch {
    // It was deleted.
    return undefined
  }
}
