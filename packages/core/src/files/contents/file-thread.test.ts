import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import { sampleBytes } from '../../testing/sample-blobs.ts'
import { SLOT_BYTES } from './file-slots.ts'
import { startFileThread } from './file-thread.ts'
import type { FileThread } from './file-thread.ts'
import { readContent, runToEnd } from './read-content.ts'

const algorithm = await openHashAlgorithm('blake3')
const MIB = 1024 ** 2
let file = ''

beforeEach(() => {
  const directory = mkdtempSync(join(tmpdir(), 'file-thread-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  file = join(directory, 'file')
})

describe('a thread that reads a file', () => {
  test.each([
    ['nothing', 0],
    ['less than a slot', 1_000],
    ['more than the ring', 20 * SLOT_BYTES + 7],
  ])('gives all bytes from where it is told: %s', (_what, length) => {
    const bytes = sampleBytes(length + 100, 1)
    writeFileSync(file, bytes)

    const found = takeAll(open(100))

    expect(Buffer.concat(found).equals(bytes.subarray(100))).toBe(true)
  })

  test('stops when nobody needs more', () => {
    writeFileSync(file, sampleBytes(20 * SLOT_BYTES, 1))
    const thread = open(0)
    thread.take()

    thread[Symbol.dispose]()

    expect(thread.take()).toBeUndefined()
  })

  test('leaves it to the other to find out why a file cannot be read', () => {
    const thread = startFileThread({ descriptor: 100_000, start: 0 })

    expect(thread.take()).toBeUndefined()
    expect(thread.take()).toBeUndefined()
  })

  test('is not waited for when it does not start', () => {
    const silent = startFileThread({ descriptor: 0, start: 0 }, { startWorker: () => true })
    const absent = startFileThread({ descriptor: 0, start: 0 }, { startWorker: () => false })

    expect(silent.take()).toBeUndefined()
    expect(silent.take()).toBeUndefined()
    expect(absent.take()).toBeUndefined()
  })
})

describe('a file large enough for a thread', () => {
  test('has the digest that it has when one thread reads it', () => {
    const marks = [0, 1, 63.9, 64, 64.1, 65, 200, 299.5]
    const sizeBytes = 300 * MIB + 12_345
    const descriptor = openSync(file, 'w')
    ftruncateSync(descriptor, sizeBytes)
    for (const mark of marks)
      writeSync(descriptor, sampleBytes(10_000, mark * 10), 0, 10_000, Math.floor(mark * MIB))
    closeSync(descriptor)

    const { digest, sizeBytes: found } = runToEnd(readContent(file, algorithm))

    expect(found).toBe(sizeBytes)
    expect(digest).toEqual(hashAlone())
  })

  test('is refused when it becomes shorter meanwhile', () => {
    const descriptor = openSync(file, 'w')
    ftruncateSync(descriptor, 300 * MIB)
    closeSync(descriptor)
    let updates = 0
    const cutting = {
      ...algorithm,
      createHasher: () => ({
        update: () => {
          // In the part that the thread reads.
          if ((updates += 1) === 300) truncateSync(file, 10 * MIB)
        },
        digest: () => Buffer.alloc(32),
      }),
    }

    expect(() => runToEnd(readContent(file, cutting))).toThrow(/changed while it was read/)
    expect(updates).toBeLessThan(1_000)
  })
})

function open(start: number): FileThread {
  const descriptor = openSync(file, 'r')
  // On a busy machine it takes long to start.
  const thread = startFileThread({ descriptor, start }, { patienceMs: 30_000 })
  onTestFinished(() => {
    thread[Symbol.dispose]()
    closeSync(descriptor)
  })
  return thread
}

function takeAll(thread: FileThread): Buffer[] {
  const found: Buffer[] = []
  for (;;) {
    const bytes = thread.take()
    if (bytes === undefined) throw new Error('there is no thread')
    if (bytes.length === 0) return found
    found.push(Buffer.from(bytes))
  }
}

function hashAlone(): Buffer {
  const hasher = algorithm.createHasher()
  const piece = Buffer.alloc(MIB)
  const descriptor = openSync(file, 'r')
  for (;;) {
    const got = readSync(descriptor, piece)
    if (got === 0) break
    hasher.update(piece.subarray(0, got))
  }
  closeSync(descriptor)
  return hasher.digest()
}
