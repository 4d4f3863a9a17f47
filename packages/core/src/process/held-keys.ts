import type { TaskKey } from '../model/digest.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Names the keys whose work is being done around this process, outermost first. */
export const HELD_KEYS = 'TASKVAULT_RUNNING'

/** How deep work may ask for itself before it is taken for one that never ends. */
export const DEEPEST_NESTING = 8

/** How much of the work around us is this very piece. */
export function countHeld(env: Environment, key: TaskKey): number {
  return heldKeys(env).filter((held) => held === key).length
}

/** The environment for a command that runs as `key`. */
export function holdKey(env: Environment, key: TaskKey): Environment {
  return { ...env, [HELD_KEYS]: [...heldKeys(env), key].join(',') }
}

/** The environment as it was before `holdKey`, or others did the same. */
export function releaseKey(env: Environment, key: TaskKey): Environment {
  const held = heldKeys(env)
  const index = held.lastIndexOf(key)
  const left = index === -1 ? held : held.toSpliced(index, 1)
  return { ...env, [HELD_KEYS]: left.length === 0 ? undefined : left.join(',') }
}

function heldKeys(env: Environment): string[] {
  return env[HELD_KEYS]?.split(',').filter((key) => key !== '') ?? []
}
