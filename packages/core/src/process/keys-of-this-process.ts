import type { TaskKey } from '../model/digest.ts'
import { HELD_KEYS, countHeld, holdKey, releaseKey } from './held-keys.ts'

/** What this process computes, and how many calls of it do. */
const computing = new Map<TaskKey, number>()

/** How many of the processes around this one compute `key`, and have started it for that. */
export function countComputedAround(key: TaskKey): number {
  return countHeld(process.env, key) - (computing.has(key) ? 1 : 0)
}

/**
 * Tells the processes that are started from here that `key` is being computed, until it is disposed. What else
 * this program starts meanwhile is told as well: it cannot be told apart, and then computes without waiting.
 */
export function holdWhileComputing(key: TaskKey): Disposable {
  const calls = computing.get(key) ?? 0
  computing.set(key, calls + 1)
  if (calls === 0) setHeld(holdKey(process.env, key))
  return { [Symbol.dispose]: () => release(key) }
}

function release(key: TaskKey): void {
  const calls = computing.get(key) ?? 0
  if (calls > 1) {
    computing.set(key, calls - 1)
    return
  }
  computing.delete(key)
  setHeld(releaseKey(process.env, key))
}

function setHeld(env: Readonly<Record<string, string | undefined>>): void {
  const held = env[HELD_KEYS]
  if (held === undefined) delete process.env[HELD_KEYS]
  else process.env[HELD_KEYS] = held
}
