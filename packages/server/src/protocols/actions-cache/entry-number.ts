import { createHash } from 'node:crypto'

/** An entry's id as clients of GitHub's service want it: a whole number that JavaScript can hold. */
export function numberOf(id: string): string {
  const digest = createHash('sha256').update(id).digest()
  return String((digest.readUIntBE(0, 6) % (2 ** 47 - 1)) + 1)
}
