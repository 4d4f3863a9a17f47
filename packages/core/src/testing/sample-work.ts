import type { TaskKey } from '../model/digest.ts'
import type { KeyedFingerprint } from '../model/fingerprint.ts'
import type { TaskName } from '../model/task.ts'

/** Work that depends on nothing but a number; each number has a key of its own. */
export function sampleWork(task: TaskName, number: number, algorithm = 'blake3'): KeyedFingerprint {
  const digest = number.toString(16).padStart(64, '0') as TaskKey
  const nothing = { command: undefined, salt: undefined, env: [], tools: [], files: [] }
  return { key: digest, fingerprint: { algorithm, task, ...nothing, content: digest as never } }
}
