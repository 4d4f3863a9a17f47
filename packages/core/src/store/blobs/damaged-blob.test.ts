import { rmSync, truncateSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openTemporaryStore, saveSample, storePack } from '../../testing/temporary-store.ts'
import { listEntries } from '../entries/entries.ts'
import { verifyStore } from '../repair/verify-store.ts'
import { blobPath } from './blob-path.ts'
import { dropDamagedBlob } from './damaged-blob.ts'

test.each([
  ['cut off', (path: string) => truncateSync(path, 100)],
  ['gone', (path: string) => rmSync(path)],
])(
  'a blob that is %s goes with the entries that need it, and with no others',
  async (_name, damage) => {
    using temporary = await openTemporaryStore()
    const store = await temporary.open()
    const pack = storePack(store, 'shared', 5_000)
    saveSample(store, { name: 'needs it', packs: [pack] })
    const other = saveSample(store, { name: 'does not' })
    damage(blobPath(store.cacheDirectory, pack.digest))

    expect(dropDamagedBlob(store, pack.digest)).toBe(1)

    expect(listEntries(store).map((entry) => entry.key)).toEqual([other.key])
    expect((await verifyStore(store)).findings).toEqual([])
  },
)

test('a blob that was stored again since it was found damaged stays, and so do its entries', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const pack = storePack(store, 'shared', 5_000)
  const { key } = saveSample(store, { name: 'saved meanwhile', packs: [pack] })

  expect(dropDamagedBlob(store, pack.digest)).toBe(0)

  expect(listEntries(store).map((entry) => entry.key)).toEqual([key])
  expect((await verifyStore(store)).findings).toEqual([])
})
