import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test } from 'vitest'
import { openTemporaryStore, storePack } from '../../testing/temporary-store.ts'
import { blobPath } from './blob-path.ts'
import { createContentLocator } from './content-locator.ts'
import { openBlob } from './pack-reader.ts'

const PACKS = 20
const MIB = 1024 * 1024

test('contents of many packs are read in the memory of a few frames', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const blobs = []
  for (let number = 0; number < PACKS; number += 1) {
    const { digest } = storePack(store, `pack ${number}`, MIB)
    const blob = await openBlob(blobPath(store.cacheDirectory, digest))
    onTestFinished(() => blob[Symbol.dispose]())
    blobs.push(blob)
  }
  const locator = createContentLocator(blobs, store.algorithm)
  const before = heldBytes()

  const lengths = blobs.map((blob) => locator.read(blob.index.contents.read(0).digest).length)
  const held = heldBytes() - before

  expect(lengths).toEqual(blobs.map(() => MIB))
  // The locator is needed to the end: what it keeps is what was measured.
  expect(locator.table.count).toBe(PACKS)
  expect(held).toBeLessThan(0.7 * PACKS * MIB)
})

/** Of buffers that somebody can still reach. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().arrayBuffers
}
