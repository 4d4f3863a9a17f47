import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import { createClaim } from './batch-claim.ts'
import { startUnpackThread } from './unpack-threads.ts'
import type { UnpackThread } from './unpack-threads.ts'

/** A thread that ends while it starts, as for want of memory: nothing there knows the algorithm. */
async function startDoomed(): Promise<UnpackThread> {
  return startUnpackThread({ ...(await openHashAlgorithm('blake3')), name: 'unknown' })
}

test('a thread that ends before it answers is a failure of the machine', async () => {
  await using thread = await startDoomed()

  await expect(thread.unpack([], createClaim())).rejects.toMatchObject({ code: 'IO_FAILED' })
})

test('a thread that has ended already is the same', async () => {
  await using thread = await startDoomed()
  await delay(1_500)

  await expect(thread.unpack([], createClaim())).rejects.toMatchObject({ code: 'IO_FAILED' })
})
