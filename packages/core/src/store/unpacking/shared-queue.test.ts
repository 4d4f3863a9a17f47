import { expect, test } from 'vitest'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import { createSharedQueue } from './shared-queue.ts'
import { startUnpackThread } from './unpack-threads.ts'
import type { WaitingBatch } from './waiting-file.ts'

test('each batch is made once, by a thread or by the caller', async () => {
  await using thread = startUnpackThread(await openHashAlgorithm('blake3'))
  const batches = Array.from({ length: 40 }, (): WaitingBatch => [])
  const made: WaitingBatch[] = []
  const queue = createSharedQueue([thread], (batch) => void made.push(batch))

  queue.push(batches)
  queue.feed()
  await queue.finish()
  const byThread = made.length
  for (let taken = queue.take(); taken !== undefined; taken = queue.take()) {
    made.push(taken)
    queue.feed()
  }
  await queue.finish()

  expect(byThread).toBeGreaterThan(0)
  expect(made).toHaveLength(batches.length)
  expect(new Set(made).size).toBe(batches.length)
})

test('after one has failed none is begun', async () => {
  // Nothing there knows the algorithm.
  await using thread = startUnpackThread({
    ...(await openHashAlgorithm('blake3')),
    name: 'unknown',
  })
  const queue = createSharedQueue([thread], () => {})

  queue.push(Array.from({ length: 40 }, (): WaitingBatch => []))
  queue.feed()

  await expect(queue.finish()).rejects.toMatchObject({ code: 'IO_FAILED' })
  expect(queue.take()).toBeUndefined()
})
