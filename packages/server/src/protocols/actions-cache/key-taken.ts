import { Refusal } from '../../http/errors/refusal.ts'

/** Archives are written once: who comes second is told so, in words that clients show. */
export function keyTaken(key: string): Refusal {
  return new Refusal(
    'ENTRY_EXISTS',
    `A cache with the key ${key} is there, or is being written by another job`,
  )
}
