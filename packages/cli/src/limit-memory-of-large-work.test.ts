import type { VaultEvent } from '@taskvault/core'
import { expect, test } from 'vitest'
import { limitMemoryOfLargeWork } from './limit-memory-of-large-work.ts'

const hashing = { kind: 'progress', phase: 'hashing', done: 1, total: undefined } as const

test.each<[string, VaultEvent]>([
  ['work whose files are counted beforehand', { ...hashing, total: 1000, unit: 'files' }],
  ['work whose files turn out to be many', { ...hashing, done: 1000, unit: 'files' }],
])('%s limits memory, once', (_, event) => {
  const { read, limits } = createReader()

  read(event)
  read(event)

  expect(limits()).toBe(1)
})

test.each<[string, VaultEvent]>([
  ['few files', { ...hashing, total: 999, unit: 'files' }],
  ['many of which none is done', { ...hashing, done: 0, total: 1000, unit: 'files' }],
  ['bytes', { ...hashing, total: 2 ** 30, unit: 'bytes' }],
  ['what is no progress', { kind: 'rebuilt', entries: 5000, cause: 'lost' }],
])('%s do not', (_, event) => {
  const { read, limits } = createReader()

  read(event)

  expect(limits()).toBe(0)
})

function createReader(): { read: (event: VaultEvent) => void; limits: () => number } {
  let count = 0
  const read = limitMemoryOfLargeWork({ limitMemory: () => void (count += 1) })
  return { read, limits: () => count }
}
