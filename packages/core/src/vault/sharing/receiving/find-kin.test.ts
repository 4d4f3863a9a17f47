import { expect, test } from 'vitest'
import { parseTaskName } from '../../../model/task.ts'
import { openTemporaryStore, saveSample } from '../../../testing/temporary-store.ts'
import { findKin } from './find-kin.ts'

test.each([
  ['build', 70],
  ['test', 0],
  ['buil', 0],
  ['cache/v1/deps-new%20key', 900],
  ['cache/v1/x', 900],
  ['cache/v2/deps-old%20key', 0],
  ['cache/v10/deps-old%20key', 0],
])('of the kind of %s, the largest entry has %i bytes', async (name, bytes) => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  saveSample(store, { task: 'build', name: 'a', sizeBytes: 40 })
  saveSample(store, { task: 'build', name: 'b', sizeBytes: 70 })
  saveSample(store, { task: 'build2', name: 'c', sizeBytes: 5_000 })
  saveSample(store, { task: 'cache/v1/deps-old%20key', name: 'd', sizeBytes: 900 })

  expect(await findKin(store, parseTaskName(name))).toBe(bytes)
})
