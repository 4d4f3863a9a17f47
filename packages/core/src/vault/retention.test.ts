import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadSettings } from '../config/load-settings.ts'
import type { Settings } from '../config/settings.ts'
import { EVICTION_STRATEGIES, resolvePolicy } from '../model/policy.ts'
import type { EvictionStrategy, ResolvedPolicy } from '../model/policy.ts'
import { parseTaskName } from '../model/task.ts'
import type { TaskName } from '../model/task.ts'
import { SAMPLE_POLICY } from '../testing/sample-settings.ts'
import { sampleWork } from '../testing/sample-work.ts'
import { openVault } from './open-vault.ts'
import type { Vault } from './vault.ts'

/* What the vault keeps, for how long, and what goes first; with a clock that the tests move. */

const DAY = 86_400_000
const START = Date.UTC(2026, 1, 2, 14, 30)

let root = ''
let nowMs = START

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'retention-')))
  nowMs = START
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

describe.each(EVICTION_STRATEGIES)('with the strategy %s', (strategy) => {
  test('nothing goes at the limit; one byte more, and entries go until less than half is used', async () => {
    const needed = await fill(2 ** 40, strategy)

    expect((await fill(needed.storedBytes, strategy)).kept).toEqual([0, 1, 2, 3, 4, 5])

    const limitBytes = needed.storedBytes - 1
    const after = await fill(limitBytes, strategy)
    expect(after.storedBytes).toBeLessThan(limitBytes / 2)
    // Not more than needed: with any one entry more it would be the half.
    expect(after.storedBytes + needed.storedBytes / 6).toBeGreaterThanOrEqual(limitBytes / 2)
    expect(after.kept).toEqual(LAST_TO_GO[strategy])
  })
})

// Entry 0 was used three times, then 1 once; 5 was saved last, and stays for that.
const LAST_TO_GO: Readonly<Record<EvictionStrategy, readonly number[]>> = {
  lru: [1, 5],
  lfu: [0, 5],
  fifo: [4, 5],
}

describe('a time to live', () => {
  test('ends with its last millisecond', async () => {
    await using vault = await open()
    await save(vault, 1, { ttlSeconds: 60 })

    nowMs = START + 59_999
    expect(await has(vault, 1)).toBe(true)
    nowMs = START + 60_000
    expect(await has(vault, 1)).toBe(false)
  })

  test('of none is for ever', async () => {
    await using vault = await open()
    await save(vault, 1, { ttlSeconds: undefined })

    nowMs = START + 4_000 * DAY
    expect(await has(vault, 1)).toBe(true)
  })

  test('does not grow when the clock was ahead while it was saved', async () => {
    await using vault = await open()
    nowMs = START + 400 * DAY
    await save(vault, 1, { ttlSeconds: 60 })

    nowMs = START
    expect(await has(vault, 1)).toBe(true)
    nowMs = START + 60_000
    expect(await has(vault, 1)).toBe(false)
  })

  test('is not lost when the clock is ahead for a moment', async () => {
    await using vault = await open()
    await save(vault, 1, { ttlSeconds: 60 })

    nowMs = START + 400 * DAY
    expect(await has(vault, 1)).toBe(false)
    nowMs = START + 1_000
    expect(await has(vault, 1)).toBe(true)
  })

  test('begins anew with another save of the same work', async () => {
    await using vault = await open()
    await save(vault, 1, { ttlSeconds: 60 })
    nowMs = START + 50_000
    await save(vault, 1, { ttlSeconds: 60 })

    nowMs = START + 109_999
    expect(await has(vault, 1)).toBe(true)
    nowMs = START + 110_000
    expect(await has(vault, 1)).toBe(false)
  })
})

test('the order of uses counts, not the clock: setting it back makes nothing look old', async () => {
  const needed = await fill(2 ** 40, 'lru', { clockGoesBack: true })

  const after = await fill(needed.storedBytes - 1, 'lru', { clockGoesBack: true })

  expect(after.kept).toEqual(LAST_TO_GO.lru)
})

test('expired entries go before any that is not, whatever the strategies', async () => {
  const needed = await fill(2 ** 40, 'lru', { expiring: [1, 2, 3] })

  const after = await fill(needed.storedBytes - 1, 'lru', { expiring: [1, 2, 3] })

  expect(after.kept).not.toContain(2)
  expect(after.kept).toContain(0)
})

describe('two policies, a branch and the default', () => {
  const CONFIG = `
policies:
  default: { ttl_seconds: 100, max_size_bytes: 1000 }
  training: { ttl_seconds: 300, max_size_bytes: 5000, strategy: fifo }
  unit_tests: { ttl_seconds: 20 }
  main: { ttl_seconds: 900 }
branches:
  training: { write: false }
`

  test.each<[string, string, { ttl: number; limit: number; strategy: string; write: boolean }]>([
    ['other', 'topic', { ttl: 100, limit: 1_000, strategy: 'lru', write: true }],
    ['training', 'topic', { ttl: 300, limit: 5_000, strategy: 'fifo', write: true }],
    ['unit_tests', 'topic', { ttl: 20, limit: 1_000, strategy: 'lru', write: true }],
    ['other', 'main', { ttl: 900, limit: 1_000, strategy: 'lru', write: true }],
    ['other', 'training', { ttl: 100, limit: 1_000, strategy: 'lru', write: false }],
  ])('give %s on %s what they say', async (name, branch, expected) => {
    mkdirSync(join(root, '.taskvault'))
    writeFileSync(join(root, '.taskvault/config.yaml'), CONFIG)
    const settings = await loadSettings({ cwd: root, env: {} })
    const task = parseTaskName(name)
    const policy = resolvePolicy(settings, { task, branch })
    await using vault = await openVault({ settings, now: () => nowMs })

    const small = await saveBytes(vault, { number: 1, task, policy, sizeBytes: expected.limit })
    const large = await saveBytes(vault, { number: 2, task, policy, sizeBytes: expected.limit + 1 })

    expect(policy.strategy).toBe(expected.strategy)
    expect(large.kind).toBe('skipped')
    expect(small.kind).toBe(expected.write ? 'saved' : 'skipped')
    if (!expected.write) return
    nowMs = START + expected.ttl * 1_000 - 1
    expect(await has(vault, 1, task)).toBe(true)
    nowMs += 1
    expect(await has(vault, 1, task)).toBe(false)
  })
})

test('eviction never leaves more than the limit, nor takes the entry saved last, whatever is saved', async () => {
  const step = fc.record({
    number: fc.nat(12),
    sizeBytes: fc.integer({ min: 0, max: 40_000 }),
    strategy: fc.constantFrom(...EVICTION_STRATEGIES),
    ttlSeconds: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
    laterMs: fc.integer({ min: -50_000, max: 50_000 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      rmSync(join(root, 'cache'), { recursive: true, force: true })
      nowMs = START
      const limitBytes = 100_000
      await using vault = await open(limitBytes)
      for (const { laterMs, number, sizeBytes, ...policy } of steps) {
        nowMs += laterMs
        await saveBytes(vault, {
          number,
          sizeBytes,
          task: TASK,
          policy: { ...SAMPLE_POLICY, ...policy },
        })
        expect(vault.stats().storedBytes).toBeLessThanOrEqual(limitBytes)
        expect(await has(vault, number)).toBe(true)
      }
    }),
    { numRuns: 15 },
  )
})

// ---------------------------------------------------------------------------------------------

const TASK = parseTaskName('kept')

interface Filling {
  readonly clockGoesBack?: boolean
  /** Entries that have expired before the last is saved. */
  readonly expiring?: readonly number[]
}

/** Saves six entries of one size into a new vault, using some in between; the last save may evict. */
async function fill(
  limitBytes: number,
  strategy: EvictionStrategy,
  { clockGoesBack = false, expiring = [] }: Filling = {},
): Promise<{ storedBytes: number; kept: readonly number[] }> {
  rmSync(join(root, 'cache'), { recursive: true, force: true })
  nowMs = START
  await using vault = await open(limitBytes)
  const tick = (): void => void (nowMs += clockGoesBack ? -10_000 : 10_000)
  const ttlOf = (number: number): number | undefined => (expiring.includes(number) ? 30 : undefined)
  for (let number = 0; number < 5; number += 1) {
    tick()
    await save(vault, number, { strategy, ttlSeconds: ttlOf(number) })
  }
  for (const number of [0, 0, 0, 1]) {
    tick()
    await has(vault, number)
  }
  tick()
  await save(vault, 5, { strategy })
  const { storedBytes } = vault.stats()
  const kept: number[] = []
  for (let number = 0; number < 6; number += 1) if (await has(vault, number)) kept.push(number)
  return { storedBytes, kept }
}

async function open(limitBytes: number = 2 ** 40): Promise<Vault> {
  const settings: Settings = {
    ...(await loadSettings({ cwd: root, env: {} })),
    cacheDirectory: join(root, 'cache'),
    maxSizeBytes: limitBytes,
  }
  return await openVault({ settings, now: () => nowMs })
}

async function save(vault: Vault, number: number, policy: Partial<ResolvedPolicy>): Promise<void> {
  await saveBytes(vault, {
    number,
    task: TASK,
    policy: { ...SAMPLE_POLICY, ...policy },
    sizeBytes: 10_000,
  })
}

interface SavedBytes {
  readonly number: number
  readonly task: TaskName
  readonly policy: ResolvedPolicy
  readonly sizeBytes: number
}

/** Bytes that follow from the number, and do not get smaller by compressing. */
async function saveBytes(vault: Vault, { number, task, policy, sizeBytes }: SavedBytes) {
  const outputs = Buffer.alloc(sizeBytes)
  let state = number + 1
  for (let at = 0; at < sizeBytes; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    outputs[at] = state >>> 24
  }
  const work = sampleWork(task, number)
  return await vault.save({ task, work, outputs, exitCode: 0, durationMs: 0, origin: {}, policy })
}

async function has(vault: Vault, number: number, task: TaskName = TASK): Promise<boolean> {
  return (await vault.readResult(task, sampleWork(task, number))) !== undefined
}
