import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { KeyedFingerprint } from '../model/fingerprint.ts'
import { parseTaskName } from '../model/task.ts'
import { invalidate } from '../store/entries/invalidate.ts'
import { SAMPLE_POLICY, sampleSettings } from '../testing/sample-settings.ts'
import { sampleWork } from '../testing/sample-work.ts'
import { openVault } from './open-vault.ts'
import type { SaveRequest, Vault } from './vault.ts'

const task = parseTaskName('unit_tests')
const DESCRIPTORS = '/proc/self/fd'
let root = ''

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'trouble-')))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

test('a stream is never saved as less than it was, when what it shares vanishes meanwhile', async () => {
  await using vault = await open('blake3')
  const bytes = randomBytes(3_000_000)
  await vault.save({ ...request([], key(1)), outputs: bytes })
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 2_000_000)
    yield bytes.subarray(2_000_000)
    // As another process does that evicts the only entry with the same contents.
    invalidate(vault.store, { task })
  }

  const saving = vault.save({ ...request([], key(2)), outputs: pieces() })

  await expect(saving).rejects.toMatchObject({ code: 'DATABASE_BUSY' })
  expect(await vault.readResult(task, key(2))).toBeUndefined()
})

test('bytes in memory are saved whole, when what they share vanishes meanwhile', async () => {
  await using vault = await open('blake3')
  const bytes = randomBytes(3_000_000)
  await vault.save({ ...request([], key(1)), outputs: bytes })

  const saving = vault.save({ ...request([], key(2)), outputs: bytes })
  invalidate(vault.store, { task })
  await saving

  expect(Buffer.from((await vault.readResult(task, key(2))) ?? []).equals(bytes)).toBe(true)
})

test('what was read under one hash algorithm is read again under another of the same length', async () => {
  mkdirSync(join(root, 'out'))
  for (let number = 0; number < 30; number += 1) {
    writeFileSync(join(root, `out/f${number}`), randomBytes(5_000))
    utimesSync(join(root, `out/f${number}`), 1_000, 1_000)
  }
  // Until nobody doubts what the stat cache says.
  await delay(100)
  {
    await using vault = await open('blake3')
    await vault.save(request(['out'], key(1)))
  }
  await using vault = await open('sha256')
  await vault.save(request(['out'], key(2, 'sha256')))
  rmSync(join(root, 'out'), { recursive: true })

  const targets = [{ declaredAs: 'out', absolutePath: join(root, 'out') }]
  const staged = await vault.stage({ task, work: key(2, 'sha256'), targets })

  expect(staged.kind).toBe('hit')
  if (staged.kind === 'hit') await staged[Symbol.asyncDispose]()
})

test.runIf(existsSync(DESCRIPTORS))(
  'a save that fails closes the file it was reading',
  async () => {
    await using vault = await open('blake3')
    writeFileSync(join(root, 'large'), randomBytes(40_000_000))
    rmSync(join(root, 'cache/blobs'), { recursive: true })

    await expect(vault.save(request(['large'], key(1)))).rejects.toMatchObject({
      code: 'IO_FAILED',
    })

    expect(countOpen('/large')).toBe(0)
  },
)

// The first part of what was saved before lies in a blob of which it is a small part.
test.each([
  ['most of its blob', 10_000_000],
  ['a small part of its blob', 2_000_000],
])('damage to a result that is %s is a miss before the first piece', async (_, sizeBytes) => {
  await using vault = await open('blake3')
  const bytes = randomBytes(10_000_000)
  await vault.save({ ...request([], key(1)), outputs: bytes })
  await vault.save({ ...request([], key(2)), outputs: bytes.subarray(0, sizeBytes) })
  expect(await vault.readResult(task, key(2))).toHaveLength(sizeBytes)

  for (const name of readdirSync(join(root, 'cache/blobs'))) {
    const file = join(root, 'cache/blobs', name)
    if (statSync(file).size > 5_000_000) flipByte(file, 100_000)
  }

  expect(await vault.openResult(task, key(2))).toBeUndefined()
})

test.runIf(existsSync(DESCRIPTORS))(
  'a stream that is ended before it began, in the middle, and at its end, closes its blobs',
  async () => {
    await using vault = await open('blake3')
    await vault.save({ ...request([], key(1)), outputs: randomBytes(3_000_000) })
    for (const pieces of [0, 1, Infinity]) {
      const stream = (await vault.openResult(task, key(1)))?.[Symbol.asyncIterator]()
      for (let taken = 0; taken < pieces; taken += 1)
        if ((await stream?.next())?.done === true) break
      if (pieces !== Infinity) await stream?.return?.()

      expect(countOpen('/blobs/')).toBe(0)
      expect(await stream?.next()).toEqual({ done: true, value: undefined })
    }
  },
)

function flipByte(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  chmodSync(file, 0o644)
  writeFileSync(file, bytes)
}

function countOpen(part: string): number {
  return readdirSync(DESCRIPTORS).filter((descriptor) => linkOf(descriptor).includes(part)).length
}

function linkOf(descriptor: string): string {
  try {
    return readlinkSync(join(DESCRIPTORS, descriptor))
  } catch {
    // The one that the directory itself was read through.
    return ''
  }
}

async function open(hashAlgorithm: string): Promise<Vault> {
  return await openVault({
    settings: sampleSettings(root, { hashAlgorithm }),
  })
}

function key(number: number, algorithm?: string): KeyedFingerprint {
  return sampleWork(task, number, algorithm)
}

function request(outputs: readonly string[], work: KeyedFingerprint): SaveRequest {
  return {
    task,
    work,
    outputs: outputs.map((name) => ({ declaredAs: name, absolutePath: join(root, name) })),
    exitCode: 0,
    durationMs: 1,
    origin: {},
    policy: SAMPLE_POLICY,
  }
}
