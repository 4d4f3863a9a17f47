import type { TaskKey } from '../model/digest.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Names the keys whose commands are running around this process, outermost first. */
const VARIABLE = 'TASKVAULT_RUNNING'

/** How many of the commands around us are this very piece of work. */
export function countHeld(env: Environment, key: TaskKey): number {
  return heldKeys(env).filter((held) => held === key).length
}

/** The environment for a command that runs as `key`. */
export function holdKey(env: Environment, key: TaskKey): Environment {
  return { ...env, [VARIABLE]: [...heldKeys(env), key].join(',') }
}

function heldKeys(env: Environment): string[] {
  return env[VARIABLE]?.split(',').filter((key) => key !== '') ?? []
}
