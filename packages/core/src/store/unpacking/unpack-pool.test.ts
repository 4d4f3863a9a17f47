import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import { sampleBytes } from '../../testing/sample-blobs.ts'
import { openUnpackPool } from './unpack-pool.ts'
import type { UnpackPool } from './unpack-pool.ts'
import type { WaitingFile } from './waiting-file.ts'

const MIB = 1024 ** 2

test('nothing is made of what is added to a pool that is disposed', async () => {
  const { pool, directory, algorithm } = await usePool()
  const path = join(directory, 'file')

  await pool[Symbol.asyncDispose]()
  const added = pool.addTogether([fileOf(path, { mebibytes: 1, algorithm })])

  await expect(added).rejects.toThrow('nobody needs the files')
  expect(existsSync(path)).toBe(false)
})

test('a file that is being made is given up before its pool is disposed', async () => {
  const { pool, directory, algorithm } = await usePool()
  const path = join(directory, 'file')
  const adding = pool.addTogether([fileOf(path, { mebibytes: 30, algorithm })])
  const outcome = adding.catch((error: unknown) => error)

  await pool[Symbol.asyncDispose]()
  const { size } = statSync(path)

  expect(await outcome).toMatchObject({ message: 'nobody needs the files' })
  expect(statSync(path).size).toBe(size)
  expect(size).toBeLessThan(30 * MIB)
})

interface UsedPool {
  readonly pool: UnpackPool
  /** An empty one. */
  readonly directory: string
  readonly algorithm: HashAlgorithm
}

/** A pool without threads: what is made, this thread makes. */
async function usePool(): Promise<UsedPool> {
  const algorithm = await openHashAlgorithm('blake3')
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-pool-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const { signal } = new AbortController()
  const pool = openUnpackPool({ algorithm, expectedFiles: 1, signal, onMade: () => {} })
  onTestFinished(async () => await pool[Symbol.asyncDispose]())
  return { pool, directory, algorithm }
}

/** A file that is the same frame again and again. */
function fileOf(
  absolutePath: string,
  { mebibytes, algorithm }: { readonly mebibytes: number; readonly algorithm: HashAlgorithm },
): WaitingFile {
  const raw = sampleBytes(MIB, 1)
  const blob = `${absolutePath}.blob`
  writeFileSync(blob, raw)
  const descriptor = openSync(blob, 'r')
  onTestFinished(() => closeSync(descriptor))
  const frame = {
    descriptor,
    position: 0,
    storedBytes: MIB,
    rawBytes: MIB,
    codec: 'stored',
  } as const
  const slice = { digest: algorithm.hash(raw), frame, offset: 0, length: MIB }
  const slices = Array.from({ length: mebibytes }, () => slice)
  const digest = algorithm.hash(Buffer.concat(slices.map(() => raw)))
  const described = { absolutePath, mode: 0o644, mtimeUs: 0, digest, slices }
  return { source: { describe: () => described, finish: () => {} }, index: 0, frame, offset: 0 }
}
