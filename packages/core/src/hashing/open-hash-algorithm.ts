import { TaskVaultError } from '../errors.ts'
import { openBlake3 } from './blake3.ts'
import type { HashAlgorithm } from './hash-algorithm.ts'
import { sha256 } from './sha256.ts'

type OpenAlgorithm = () => Promise<HashAlgorithm> | HashAlgorithm

const algorithms = new Map<string, OpenAlgorithm>([
  ['blake3', openBlake3],
  ['sha256', () => sha256],
])

const builtIn: ReadonlySet<string> = new Set(algorithms.keys())

/** Bytes of a digest: fewer can collide, more are no digest in any file format of ours. */
const SHORTEST_DIGEST = 32
const LONGEST_DIGEST = 64

/**
 * Makes another algorithm available by name. Register it before opening a vault that uses it.
 * @throws {TaskVaultError} ARGUMENT_INVALID when the name is taken or malformed, or the digests are too short or too
 * long.
 */
export function registerHashAlgorithm(algorithm: HashAlgorithm): void {
  if (!/^[a-z0-9-]{1,32}$/.test(algorithm.name) || algorithms.has(algorithm.name)) {
    throw new TaskVaultError(
      'ARGUMENT_INVALID',
      `Cannot register hash algorithm "${algorithm.name}": the name is taken or malformed`,
      { hint: 'Use 1 to 32 lowercase letters, digits and hyphens.' },
    )
  }
  const { digestBytes } = algorithm
  if (
    !Number.isInteger(digestBytes) ||
    digestBytes < SHORTEST_DIGEST ||
    digestBytes > LONGEST_DIGEST
  ) {
    throw new TaskVaultError(
      'ARGUMENT_INVALID',
      `Cannot register hash algorithm "${algorithm.name}": its digests have ${digestBytes} bytes`,
      { hint: `Use one whose digests have ${SHORTEST_DIGEST} to ${LONGEST_DIGEST} bytes.` },
    )
  }
  algorithms.set(algorithm.name, () => algorithm)
}

/** Names of all algorithms that can be opened. */
export function hashAlgorithmNames(): readonly string[] {
  return [...algorithms.keys()]
}

/** Whether another thread can open it by its name: those registered by a program are known in its thread only. */
export function isKnownToThreads({ name }: HashAlgorithm): boolean {
  return builtIn.has(name)
}

/**
 * Opens an algorithm by name, in the fastest implementation that loads on this machine.
 * @throws {TaskVaultError} HASH_ALGORITHM_UNKNOWN when nothing is registered under the name.
 */
export async function openHashAlgorithm(name: string): Promise<HashAlgorithm> {
  const open = algorithms.get(name)
  if (open === undefined) {
    throw new TaskVaultError('HASH_ALGORITHM_UNKNOWN', `Unknown hash algorithm "${name}"`, {
      hint: `Use one of: ${hashAlgorithmNames().join(', ')}.`,
    })
  }
  return await open()
}
