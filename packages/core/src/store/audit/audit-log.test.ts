import {
  appendFileSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openTemporaryStore } from '../../testing/temporary-store.ts'
import type { Store } from '../store.ts'
import { appendAudit, tailAudit } from './audit-log.ts'
import type { AuditLimits } from './audit-log.ts'
import { verifyAudit } from './verify-audit.ts'

const SMALL: AuditLimits = { fileBytes: 500, keptFiles: 3 }

test('each line is one operation, the last ones can be read without the rest', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()

  appendLines(store, 5)

  const lines = readLog(store).trimEnd().split('\n')
  expect(lines).toHaveLength(5)
  expect(tailAudit(store.cacheDirectory, 2)).toEqual(lines.slice(-2))
  expect(tailAudit(store.cacheDirectory, 99)).toEqual(lines)
  expect(verifyAudit(store)).toEqual({ kind: 'sound', lines: 5, firstLine: 1, interruptions: 0 })
})

test('as many lines can be read as the files hold', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const lines = Array.from({ length: 300_000 }, (_, index) => `line ${index}`)
  writeFileSync(`${logPath(store)}.1`, `${lines.slice(0, 100_000).join('\n')}\n`)
  writeFileSync(logPath(store), `${lines.slice(100_000).join('\n')}\n`)

  expect(tailAudit(store.cacheDirectory, 999_999)).toEqual(lines)
})

test('nothing was ever written is sound', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()

  expect(verifyAudit(store)).toMatchObject({ kind: 'sound', lines: 0 })
  expect(tailAudit(store.cacheDirectory, 3)).toEqual([])
})

test('any changed byte is found, at its line', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  appendLines(store, 6)
  const original = Buffer.from(readLog(store))

  fc.assert(
    fc.property(fc.nat(original.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(original)
      changed[at] = changed[at]! ^ flip
      writeFileSync(logPath(store), changed)

      const verdict = verifyAudit(store)

      expect(verdict.kind).toBe('broken')
      // A line feed that is gone joins two lines, which is seen at the first.
      const line = original.subarray(0, at).toString().split('\n').length
      expect(verdict).toMatchObject({ file: 'audit.log', line })
    }),
    { numRuns: 300 },
  )
})

test('lines that were removed, moved, repeated or put in are found', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  appendLines(store, 6)
  const lines = readLog(store).split('\n')
  const put = (changed: readonly string[]): unknown => {
    writeFileSync(logPath(store), changed.join('\n'))
    return verifyAudit(store)
  }

  expect(put(lines.toSpliced(2, 1))).toMatchObject({ line: 3, because: 'unchained' })
  expect(put([lines[1]!, lines[0]!, ...lines.slice(2)])).toMatchObject({ line: 1 })
  expect(put(lines.toSpliced(3, 0, lines[2]!))).toMatchObject({ line: 4 })
  expect(put(lines.toSpliced(3, 0, 'something else'))).toMatchObject({
    line: 4,
    text: 'something else',
  })
  expect(put(lines)).toMatchObject({ kind: 'sound' })
})

test('an end that was cut off is found, by the line or within it', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  appendLines(store, 4)
  const whole = readLog(store)
  const lastLine = whole.lastIndexOf('\n', whole.length - 2) + 1

  truncateSync(logPath(store), whole.length - 5)
  expect(verifyAudit(store)).toMatchObject({ line: 4, because: 'cut' })
  truncateSync(logPath(store), lastLine)
  expect(verifyAudit(store)).toMatchObject({ line: 4, because: 'cut', text: '' })
  truncateSync(logPath(store), 0)
  expect(verifyAudit(store)).toMatchObject({ line: 1, because: 'cut' })
  rmSync(logPath(store))
  expect(verifyAudit(store)).toMatchObject({ line: 1, because: 'cut' })
})

test('a cut stays visible after more was written', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  appendLines(store, 4)
  truncateSync(logPath(store), readLog(store).lastIndexOf('\n', readLog(store).length - 2) + 1)

  appendLines(store, 2)

  expect(tailAudit(store.cacheDirectory, 3)[0]).toMatch(/ERROR audit_cut missing=\d+/)
  expect(verifyAudit(store)).toMatchObject({ kind: 'broken', line: 4 })
})

test('an end that was written anew, with a chain that fits, is found through the index', async () => {
  using temporary = await openTemporaryStore()
  using forger = await openTemporaryStore()
  const [store, other] = [await temporary.open(), await forger.open()]
  appendLines(store, 3)
  appendLines(other, 2)
  append(other, 'forged')

  writeFileSync(logPath(store), readLog(other))

  expect(verifyAudit(store)).toMatchObject({ kind: 'broken', line: 3, because: 'rewritten' })
})

test('a line whose operation was never committed is taken over by the next', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  appendLines(store, 2)
  expect(() =>
    store.database.transaction('relaxed', () => {
      appendAudit(store, { kind: 'HIT', operation: 'get', task: 'rolled_back' })
      throw new Error('crash')
    }),
  ).toThrow('crash')
  expect(verifyAudit(store)).toMatchObject({ kind: 'sound', lines: 3 })

  appendLines(store, 1)

  expect(readLog(store).trimEnd().split('\n')).toHaveLength(4)
  expect(verifyAudit(store)).toMatchObject({ kind: 'sound', lines: 4, interruptions: 0 })
})

test.each(['[2099-02-02T14:30', 'x', 'several\nlines\nof junk', 'ends with a line feed\n'])(
  'a torn end (%j) is kept, accounted for, and does not break the chain',
  async (torn) => {
    using temporary = await openTemporaryStore()
    const store = await temporary.open()
    appendLines(store, 2)
    appendFileSync(logPath(store), torn)
    expect(verifyAudit(store)).toMatchObject({ kind: 'sound', lines: 2 })

    appendLines(store, 2)

    expect(readLog(store)).toContain(torn)
    expect(tailAudit(store.cacheDirectory, 3)[0]).toMatch(
      / ERROR audit_interrupted bytes=\d+ digest=[0-9a-f]{32} /,
    )
    expect(verifyAudit(store)).toMatchObject({ kind: 'sound', lines: 5, interruptions: 1 })
    // What was accounted for cannot be changed any more.
    writeFileSync(logPath(store), readLog(store).replace(torn, torn.replace(/[a-z2]/, 'Q')))
    expect(verifyAudit(store)).toMatchObject({ kind: 'broken', line: 3 })
  },
)

test('an account of a torn end that was itself not committed is taken over', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  appendLines(store, 1)
  appendFileSync(logPath(store), 'torn')
  expect(() =>
    store.database.transaction('relaxed', () => {
      append(store, 'lost')
      throw new Error('crash')
    }),
  ).toThrow('crash')

  appendLines(store, 1)

  expect(verifyAudit(store)).toMatchObject({ kind: 'sound', lines: 4, interruptions: 1 })
})

test('rotation keeps the chain, and the newest files', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()

  appendLines(store, 40, SMALL)

  const names = readdirSync(store.cacheDirectory).filter((name) => name.startsWith('audit.log'))
  expect(names).toHaveLength(4)
  const verdict = verifyAudit(store)
  expect(verdict).toMatchObject({ kind: 'sound' })
  expect(verdict.kind === 'sound' && verdict.firstLine).toBeGreaterThan(1)
  expect(readLog(store).split('\n')[0]).toMatch(
    / ROTATE log file=\d+ lines=\d+ former=[0-9a-f]{32} chain=/,
  )
  expect(tailAudit(store.cacheDirectory, 6)).toHaveLength(6)
})

test('a rotated file that was taken away or changed is found', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  appendLines(store, 30, { ...SMALL, keptFiles: 9 })
  const second = join(store.cacheDirectory, 'audit.log.2')
  const kept = readFileSync(second, 'utf8')

  writeFileSync(second, kept.replace('HIT', 'SAW'))
  expect(verifyAudit(store)).toMatchObject({ kind: 'broken', file: 'audit.log.2' })
  renameSync(second, join(store.cacheDirectory, 'elsewhere'))
  expect(verifyAudit(store)).toMatchObject({ kind: 'broken', because: 'cut' })
})

test.each(['before the first line of the new file', 'after it'])(
  'a crash while rotating, %s, loses nothing',
  async (when) => {
    using temporary = await openTemporaryStore()
    const store = await temporary.open()
    appendLines(store, 3)
    const limits = when === 'after it' ? { fileBytes: 1, keptFiles: 9 } : undefined
    expect(() =>
      store.database.transaction('relaxed', () => {
        if (limits === undefined) renameSync(logPath(store), `${logPath(store)}.1`)
        else appendAudit(store, { kind: 'HIT', operation: 'get' }, limits)
        throw new Error('crash')
      }),
    ).toThrow('crash')

    appendLines(store, 2)

    expect(verifyAudit(store)).toMatchObject({ kind: 'sound', lines: when === 'after it' ? 7 : 6 })
  },
)

test('two connections write one chain', async () => {
  using temporary = await openTemporaryStore()
  const [first, second] = [await temporary.open(), await temporary.open()]

  for (let round = 0; round < 10; round += 1) {
    appendLines(first, 1)
    appendLines(second, 1)
  }

  expect(verifyAudit(first)).toMatchObject({ kind: 'sound', lines: 20 })
})

function appendLines(store: Store, count: number, limits?: AuditLimits): void {
  for (let index = 0; index < count; index += 1) {
    store.database.transaction('relaxed', () => append(store, `task_${index}`, limits))
  }
}

function append(store: Store, task: string, limits?: AuditLimits): void {
  appendAudit(store, { kind: 'HIT', operation: 'get', task, fields: { saved_ms: 12 } }, limits)
}

function logPath(store: Store): string {
  return join(store.cacheDirectory, 'audit.log')
}

function readLog(store: Store): string {
  return readFileSync(logPath(store), 'utf8')
}
