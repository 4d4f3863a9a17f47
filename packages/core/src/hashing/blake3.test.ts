import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openBlake3, openWasmBlake3 } from './blake3.ts'
import type { HashAlgorithm } from './hash-algorithm.ts'
import { loadNativeBlake3 } from './native-blake3.ts'

/*
 * Official test vectors of BLAKE3 (test_vectors.json of its reference implementation): the input is
 * the bytes 0, 1, …, 250, 0, 1, … of the given length; here the first 32 bytes of each hash.
 */
const VECTORS: readonly (readonly [number, string])[] = [
  [0, 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'],
  [1, '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213'],
  [1023, '10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11'],
  [1024, '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7'],
  [1025, 'd00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444'],
  [2048, 'e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a'],
  [102400, 'bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085'],
]

const implementations: readonly (readonly [string, () => Promise<HashAlgorithm>])[] = [
  ['native', openBlake3],
  ['WebAssembly', openWasmBlake3],
]

test.each(implementations)(
  '%s BLAKE3 gives the official digests, whole and in pieces',
  async (_, open) => {
    const algorithm = await open()

    for (const [length, expected] of VECTORS) {
      const bytes = officialInput(length)
      const hasher = algorithm.createHasher()
      for (let at = 0; at < length; at += 777) hasher.update(bytes.subarray(at, at + 777))
      expect(algorithm.hash(bytes).toString('hex')).toBe(expected)
      expect(hasher.digest().toString('hex')).toBe(expected)
    }
  },
)

test('the native one is the one that its package would load', () => {
  const load = createRequire(import.meta.url)

  expect(loadNativeBlake3()?.Blake3Hasher).toBe(load('@napi-rs/blake-hash').Blake3Hasher)
})

test('native and WebAssembly agree on any bytes cut anywhere', async () => {
  const [native, wasm] = await Promise.all([openBlake3(), openWasmBlake3()])

  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 6 }), (pieces) => {
      const hashers = [native.createHasher(), wasm.createHasher()]
      for (const hasher of hashers) for (const piece of pieces) hasher.update(piece)
      const expected = native.hash(Buffer.concat(pieces)).toString('hex')
      expect(wasm.hash(Buffer.concat(pieces)).toString('hex')).toBe(expected)
      expect(hashers.map((hasher) => hasher.digest().toString('hex'))).toEqual([expected, expected])
    }),
  )
})

test('WebAssembly hashers that take turns do not disturb one another', async () => {
  const wasm = await openWasmBlake3()
  const turn = fc.record({ who: fc.nat({ max: 3 }), bytes: fc.uint8Array({ maxLength: 2_000 }) })

  fc.assert(
    fc.property(fc.array(turn, { maxLength: 30 }), (turns) => {
      const hashers = Array.from({ length: 3 }, () => wasm.createHasher())
      const taken: Uint8Array[][] = [[], [], []]
      for (const { who, bytes } of turns) {
        // The fourth one is a hash in one call, which uses the same instance.
        if (who === 3) wasm.hash(bytes)
        hashers[who]?.update(bytes)
        taken[who]?.push(bytes)
      }
      expect(hashers.map((hasher) => hasher.digest())).toEqual(
        taken.map((pieces) => wasm.hash(Buffer.concat(pieces))),
      )
    }),
  )
})

test('the cost of a WebAssembly hasher is linear in the number of pieces', async () => {
  const wasm = await openWasmBlake3()
  const piece = Buffer.alloc(256)
  /** Processor time of so many pieces for each of so many hashers: of the same number of bytes in all. */
  const cost = (hashers: number, pieces: number): number => {
    const before = process.threadCpuUsage()
    for (let one = 0; one < hashers; one += 1) {
      const hasher = wasm.createHasher()
      for (let index = 0; index < pieces; index += 1) hasher.update(piece)
      hasher.digest()
    }
    const { user, system } = process.threadCpuUsage(before)
    return user + system
  }
  const turns = [1, 2, 3, 4, 5].map(() => [cost(50, 1_000), cost(1, 50_000)] as const)
  const short = Math.min(...turns.map(([each]) => each))
  const long = Math.min(...turns.map(([, each]) => each))

  // A quadratic cost would be fifty times as high.
  expect(long / short).toBeLessThan(10)
})

test('the variable TASKVAULT_BLAKE3 selects WebAssembly, with the same digest', () => {
  const script = `import { openBlake3 } from ${JSON.stringify(new URL('blake3.ts', import.meta.url).href)}
    process.stdout.write((await openBlake3()).hash(Buffer.from('abc')).toString('hex'))`
  const run = (env: NodeJS.ProcessEnv): string =>
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', env })

  expect(run({ ...process.env, TASKVAULT_BLAKE3: 'wasm' })).toBe(run({ ...process.env }))
})

function officialInput(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => index % 251))
}
