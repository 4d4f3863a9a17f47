import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { isTaskVaultError } from '../errors.ts'
import type { HashAlgorithm } from './hash-algorithm.ts'
import {
  hashAlgorithmNames,
  openHashAlgorithm,
  registerHashAlgorithm,
} from './open-hash-algorithm.ts'

test('BLAKE3 and SHA-256 are there from the start', async () => {
  expect(hashAlgorithmNames()).toEqual(expect.arrayContaining(['blake3', 'sha256']))
  const sha256 = await openHashAlgorithm('sha256')
  expect(sha256.hash(Buffer.from('abc')).toString('hex')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})

test('a registered algorithm opens by its name', async () => {
  registerHashAlgorithm(sha512('sha512-test'))

  const opened = await openHashAlgorithm('sha512-test')

  expect(opened.hash(Buffer.from('abc')).toString('hex')).toMatch(/^ddaf35a193617aba/)
  expect(hashAlgorithmNames()).toContain('sha512-test')
})

test.each(['blake3', 'Upper', '', 'a b', 'x'.repeat(33)])(
  'the name %j cannot be registered',
  (name) => {
    expect(codeOf(() => registerHashAlgorithm(sha512(name)))).toBe('ARGUMENT_INVALID')
  },
)

test.each([0, 20, 31, 65, 32.5, Number.NaN])(
  'digests of %d bytes cannot be registered',
  (digestBytes) => {
    const algorithm = { ...sha512('sha512-cut'), digestBytes }

    expect(codeOf(() => registerHashAlgorithm(algorithm))).toBe('ARGUMENT_INVALID')
  },
)

test('an unknown name is refused with the names that are known', async () => {
  const opening = openHashAlgorithm('md5')

  await expect(opening).rejects.toMatchObject({ code: 'HASH_ALGORITHM_UNKNOWN' })
  await expect(opening).rejects.toHaveProperty('hint', expect.stringContaining('blake3'))
})

function sha512(name: string): HashAlgorithm {
  return {
    name,
    digestBytes: 64,
    hash: (bytes) => createHash('sha512').update(bytes).digest(),
    createHasher: () => {
      const state = createHash('sha512')
      return { update: (bytes) => void state.update(bytes), digest: () => state.digest() }
    },
  }
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return isTaskVaultError(error) ? error.code : String(error)
  }
}
