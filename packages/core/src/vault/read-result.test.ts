import { randomBytes } from 'node:crypto'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { parseTaskName } from '../model/task.ts'
import { SAMPLE_POLICY, sampleSettings } from '../testing/sample-settings.ts'
import { sampleWork } from '../testing/sample-work.ts'
import { openVault } from './open-vault.ts'
import type { Vault } from './vault.ts'

const task = parseTaskName('result')
const key = sampleWork(task, 1)
const MIB = 1024 ** 2
let root = ''
let vault: Vault

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'result-')))
  vault = await openVault({ settings: sampleSettings(root) })
  onTestFinished(async () => {
    await vault[Symbol.asyncDispose]()
    rmSync(root, { recursive: true, force: true })
  })
})

test.each([
  ['that compresses', textOf(9 * MIB)],
  ['that does not', randomBytes(9 * MIB)],
  ['whose parts repeat, so that it goes to and fro between frames', repeated(randomBytes(3 * MIB))],
  ['that is the same throughout', Buffer.alloc(9 * MIB, 'a')],
])('a large result %s comes back, whole and as a stream', async (_, bytes) => {
  await save(bytes)

  expect(Buffer.from((await vault.readResult(task, key)) ?? []).equals(bytes)).toBe(true)
  expect(Buffer.concat(await collect()).equals(bytes)).toBe(true)
})

test('pieces that are asked for all at once come in order', async () => {
  const bytes = randomBytes(5 * MIB)
  await save(bytes)
  const stream = (await vault.openResult(task, key))?.[Symbol.asyncIterator]()

  const steps = await Promise.all(Array.from({ length: 200 }, async () => await stream?.next()))

  const pieces = steps.flatMap((step) => (step?.done === false ? [step.value] : []))
  expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
  expect(steps.at(-1)).toEqual({ done: true, value: undefined })
})

test('what is damaged while it is read ends the stream before it, with what is wrong', async () => {
  const bytes = randomBytes(9 * MIB)
  await save(bytes)
  const stream = (await vault.openResult(task, key))?.[Symbol.asyncIterator]()
  const pieces = [(await stream?.next())?.value as Uint8Array]

  overwrite(largestBlob(), 7 * MIB)
  const reading = (async () => {
    for (;;) {
      const step = await stream?.next()
      if (step === undefined || step.done === true) return
      pieces.push(step.value)
    }
  })()

  await expect(reading).rejects.toMatchObject({ code: 'BLOB_CORRUPT' })
  const read = Buffer.concat(pieces)
  expect(read.length).toBeGreaterThan(5 * MIB)
  expect(read.equals(bytes.subarray(0, read.length))).toBe(true)
  expect(await stream?.next()).toEqual({ done: true, value: undefined })
})

test('a stream that is ended while pieces are awaited gives those, and then nothing', async () => {
  const bytes = randomBytes(9 * MIB)
  await save(bytes)
  const stream = (await vault.openResult(task, key))?.[Symbol.asyncIterator]()

  const awaited = Array.from({ length: 50 }, async () => await stream?.next())
  const ended = stream?.return?.()

  const steps = await Promise.all(awaited)
  const read = Buffer.concat(steps.map((step) => step?.value as Uint8Array))
  expect(read.length).toBeGreaterThan(2 * MIB)
  expect(read.equals(bytes.subarray(0, read.length))).toBe(true)
  expect(await ended).toEqual({ done: true, value: undefined })
  expect(await stream?.next()).toEqual({ done: true, value: undefined })
})

async function save(outputs: Uint8Array): Promise<void> {
  const done = { exitCode: 0, durationMs: 1, origin: {}, policy: SAMPLE_POLICY }
  await vault.save({ task, work: key, outputs, ...done })
}

async function collect(): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = []
  for await (const piece of (await vault.openResult(task, key)) ?? []) pieces.push(piece)
  return pieces
}

function largestBlob(): string {
  const directory = join(root, 'cache/blobs')
  const sizeOf = (name: string): number => statSync(join(directory, name)).size
  const [largest = ''] = readdirSync(directory).toSorted((a, b) => sizeOf(b) - sizeOf(a))
  return join(directory, largest)
}

/** In place: who has it open reads the new bytes. */
function overwrite(file: string, at: number): void {
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, randomBytes(100), 0, 100, at)
  closeSync(descriptor)
}

/** Each line is another one. */
function textOf(sizeBytes: number): Buffer {
  const lines = Array.from({ length: sizeBytes / 16 }, (_, index) => String(index * 7).padEnd(16))
  return Buffer.from(lines.join(''))
}

function repeated(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, bytes.subarray(MIB), bytes.subarray(0, 2 * MIB), bytes])
}
