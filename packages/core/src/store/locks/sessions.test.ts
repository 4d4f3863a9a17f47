import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openTemporaryStore } from '../../testing/temporary-store.ts'
import type { Store } from '../store.ts'
import { clearDeadSessions, forgetStaging, recordStaging } from './sessions.ts'

test('what a process staged that died is removed by the next one, read-only directories included', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const staging = makeStaging(store, '.taskvault-stage-1')
  recordStaging(store, [staging])
  pretendDied(store)

  await temporary.open()

  expect(existsSync(staging)).toBe(false)
  expect(store.database.prepare('SELECT * FROM sessions').all()).toEqual([])
})

test('what a living process staged stays', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const staging = makeStaging(store, '.taskvault-stage-1')
  recordStaging(store, [staging])

  await temporary.open()

  expect(existsSync(staging)).toBe(true)
  forgetStaging(store, [staging])
  expect(store.database.prepare('SELECT * FROM sessions').all()).toEqual([])
})

test('a session of another machine is left alone for a week', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const staging = makeStaging(store, '.taskvault-stage-1')
  recordStaging(store, [staging])
  store.database.exec(`UPDATE sessions SET id = 'other', host = 'another machine', pid = 1`)

  clearDeadSessions(store)
  expect(existsSync(staging)).toBe(true)
  temporary.nowMs += 8 * 24 * 60 * 60 * 1000
  clearDeadSessions(store)

  expect(existsSync(staging)).toBe(false)
})

test('what cannot be removed is tried again for a week', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const blocked = join(store.cacheDirectory, `.taskvault-stage-${'x'.repeat(300)}`)
  const staging = makeStaging(store, '.taskvault-stage-1')
  recordStaging(store, [blocked, staging])
  pretendDied(store)
  const sessions = (): number => store.database.prepare('SELECT id FROM sessions').all().length

  clearDeadSessions(store)
  expect([existsSync(staging), sessions()]).toEqual([false, 1])
  temporary.nowMs += 8 * 24 * 60 * 60 * 1000
  clearDeadSessions(store)

  expect(sessions()).toBe(0)
})

test('a damaged row cannot have anything removed but staging', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const precious = makeStaging(store, 'precious')
  recordStaging(store, [precious])
  pretendDied(store)

  await temporary.open()

  expect(existsSync(precious)).toBe(true)
})

function makeStaging(store: Store, name: string): string {
  const staging = join(store.cacheDirectory, '..', name)
  mkdirSync(join(staging, 'inner'), { recursive: true })
  writeFileSync(join(staging, 'inner', 'file'), '')
  chmodSync(join(staging, 'inner'), 0o555)
  return staging
}

function pretendDied(store: Store): void {
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  store.database.prepare(`UPDATE sessions SET id = 'dead', pid = ?`).run(pid)
}
