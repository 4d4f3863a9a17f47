import { mkdirSync, mkdtempSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseTaskName } from '../model/task.ts'
import { findEntry } from '../store/entries/entries.ts'
import { SAMPLE_POLICY, sampleSettings } from '../testing/sample-settings.ts'
import { sampleWork } from '../testing/sample-work.ts'
import { openVault } from './open-vault.ts'
import type { OutputTarget, SavedEntry, SkippedSave, Vault } from './vault.ts'

/* Saving what may be there already, as the action does that keeps a cache up to date. */

const TASK = parseTaskName('cache')
const WORK = sampleWork(TASK, 1)
const HOUR_MS = 3_600_000

let root = ''
let nowMs = 0

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'again-')))
  nowMs = Date.now()
  mkdirSync(join(root, 'out'))
  writeFileSync(join(root, 'out', 'file'), 'kept')
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

test('saves nothing of what is there and the same', async () => {
  await using vault = await open()
  await save(vault)

  expect(await save(vault)).toMatchObject({ kind: 'saved', isUnchanged: true, storedBytes: 0 })
})

test('saves what is the same, and has expired', async () => {
  await using vault = await open()
  await save(vault)
  nowMs += HOUR_MS

  expect(await isThere(vault)).toBe(false)
  await save(vault)

  expect(await isThere(vault)).toBe(true)
})

test('saves what is the same, and damaged', async () => {
  await using vault = await open()
  await save(vault)
  truncateSync(join(root, 'cache', 'blobs', blobOf(vault)), 50)

  await save(vault)

  expect(await isThere(vault)).toBe(true)
})

async function open(): Promise<Vault> {
  return await openVault({ settings: sampleSettings(root), now: () => nowMs })
}

async function save(vault: Vault): Promise<SavedEntry | SkippedSave> {
  const policy = { ...SAMPLE_POLICY, ttlSeconds: HOUR_MS / 1000 }
  const done = { exitCode: 0, durationMs: 1, origin: {}, policy, replaces: true }
  return await vault.save({ task: TASK, work: WORK, outputs: targets(), ...done })
}

async function isThere(vault: Vault): Promise<boolean> {
  const staged = await vault.stage({ task: TASK, work: WORK, targets: targets() })
  if (staged.kind === 'hit') await staged[Symbol.asyncDispose]()
  return staged.kind === 'hit'
}

function targets(): readonly OutputTarget[] {
  return [{ declaredAs: 'out', absolutePath: join(root, 'out') }]
}

function blobOf({ store }: Vault): string {
  const entry = findEntry(store, { scope: 'local', key: WORK.key })
  if (entry === undefined) throw new Error('nothing was saved')
  return entry.blob
}
