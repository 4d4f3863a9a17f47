import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { keyOf, openTemporaryStore } from '../testing/temporary-store.ts'
import { verifyAudit } from './audit/verify-audit.ts'
import { findEntry, listEntries } from './entries/entries.ts'
import { verifyStore } from './repair/verify-store.ts'

const WORKER = fileURLToPath(new URL('../testing/store-worker.ts', import.meta.url))
/** Longer by hand. */
const ROUND_MS = Number(process.env['TASKVAULT_TEST_MS'] ?? 1_500)

test('processes that begin a store at once all get the same one', async () => {
  using temporary = await openTemporaryStore()
  const workers = [1, 2, 3, 4].map((seed) => start(temporary.cacheDirectory, 'once', seed))

  await Promise.all(workers.map((worker) => worker.ended))

  expect(workers.map((worker) => worker.errors())).toEqual(['', '', '', ''])
  const store = await temporary.open()
  expect(listEntries(store)).toHaveLength(4)
  expect(temporary.events).toEqual([])
  expect(verifyAudit(store)).toMatchObject({ kind: 'sound', lines: 4 })
}, 60_000)

test('processes that find the index lost rebuild it once, and lose nothing', async () => {
  using temporary = await openTemporaryStore()
  const first = [1, 2].map((seed) => start(temporary.cacheDirectory, 'once', seed))
  await Promise.all(first.map((worker) => worker.ended))
  expect(first.map((worker) => worker.errors()).join('')).toBe('')
  for (const suffix of ['', '-wal', '-shm'])
    rmSync(join(temporary.cacheDirectory, `cache.db${suffix}`), { force: true })

  const workers = [3, 4, 5].map((seed) => start(temporary.cacheDirectory, 'once', seed))
  await Promise.all(workers.map((worker) => worker.ended))

  expect(workers.map((worker) => worker.errors()).join('')).toBe('')
  const store = await temporary.open()
  expect(listEntries(store)).toHaveLength(5)
  expect((await verifyStore(store)).findings).toEqual([])
}, 60_000)

test.each([
  ['saves, removals and collection', ['keep', 'save', 'read', 'remove', 'collect']],
  ['saves and eviction', ['keep', 'save', 'save', 'read', 'evict']],
  ['saves, and rebuilds under their hands,', ['keep', 'keep', 'save', 'read', 'rebuild']],
])(
  '%s at once, with kills: nothing wrong, and no promise broken',
  async (_, roles) => {
    using temporary = await openTemporaryStore()
    const lines: string[] = []
    const errors: string[] = []
    const endAt = Date.now() + ROUND_MS
    await Promise.all(
      roles.map(async (role, index) => {
        // On a busy machine, the first promise may take longer than the whole round.
        const isUnproven = (): boolean =>
          role === 'keep' && !lines.some((line) => line.startsWith('ack kept '))
        for (let seed = index; Date.now() < endAt || isUnproven(); seed += roles.length) {
          const worker = start(temporary.cacheDirectory, role, seed)
          await Promise.race([worker.ready, worker.ended])
          await Promise.race([delay(100 + ((seed * 97) % 400)), worker.ended])
          worker.child.kill('SIGKILL')
          await worker.ended
          lines.push(...worker.lines())
          errors.push(worker.errors())
        }
      }),
    )

    temporary.nowMs = Date.now()
    const store = await temporary.open()
    const kept = lines
      .filter((line) => line.startsWith('ack kept '))
      .map((line) => line.slice('ack '.length))
    const lost = kept.filter(
      (name) => findEntry(store, { scope: 'local', key: keyOf(store, name) }) === undefined,
    )
    // On a busy machine, a rebuild may take longer than others wait for it, who say so.
    const unexpected = errors.filter((text) => text !== '' && !text.includes('it is being rebuilt'))
    expect(unexpected).toEqual([])
    expect(lines.filter((line) => line.startsWith('wrong'))).toEqual([])
    expect(kept.length).toBeGreaterThan(0)
    if (!roles.includes('evict')) expect(lost).toEqual([])
    await verifyStore(store, { repair: true })
    expect((await verifyStore(store)).findings).toEqual([])
    expect(verifyAudit(store)).toMatchObject({ kind: 'sound' })
  },
  600_000,
)

interface Worker {
  readonly child: ChildProcess
  readonly ready: Promise<void>
  readonly ended: Promise<void>
  lines(): readonly string[]
  errors(): string
}

function start(cacheDirectory: string, role: string, seed: number): Worker {
  const child = spawn(process.execPath, [WORKER, cacheDirectory, role, String(seed)])
  let [output, errors] = ['', '']
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString()
      resolve()
    })
  })
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()))
  return {
    child,
    ready,
    ended: new Promise((resolve) => void child.on('close', () => resolve())),
    // A line that the kill cut off promised nothing.
    lines: () => output.split('\n').slice(0, -1),
    errors: () => errors,
  }
}
