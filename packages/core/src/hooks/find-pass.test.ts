import { rmSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { blobPath } from '../store/blobs/blob-path.ts'
import { findEntry } from '../store/entries/entries.ts'
import { removeEntry } from '../store/entries/remove-entry.ts'
import { TASK, workOf } from '../testing/checkout.ts'
import { createSharedFolder, useCheckout } from '../testing/use-checkout.ts'
import { findPass, foreseePass } from './find-pass.ts'

const RULES = { passesOf: 'anyone', ttlSeconds: undefined, here: {}, nowMs: 0 } as const

test.each([
  ['found', findPass],
  ['foreseen', foreseePass],
] as const)(
  'a pass that is evicted while it is %s is not known, and not damaged',
  async (_, find) => {
    const { checkout, query, entry } = await savePass()
    rmSync(blobPath(checkout.vault.store.cacheDirectory, entry.blob))

    const finding = find(checkout.vault, query)
    removeEntry(checkout.vault.store, entry.number, 'limit')

    expect(await finding).toEqual({ kind: 'none', because: undefined })
    expect(checkout.audit()).not.toContain('QUARANTINE')
  },
)

test('one whose file is gone by itself is damaged', async () => {
  const { checkout, query, entry } = await savePass()
  rmSync(blobPath(checkout.vault.store.cacheDirectory, entry.blob))

  const found = await findPass(checkout.vault, query)

  expect(found).toMatchObject({ kind: 'none', because: { kind: 'damaged' } })
  expect(checkout.audit()).toContain('QUARANTINE')
})

async function savePass() {
  const checkout = await useCheckout({
    url: pathToFileURL(createSharedFolder()).href,
    remote: { mode: 'read' },
  })
  checkout.write('out/a', 'a')
  await checkout.save('work')
  const { key } = await workOf(checkout.vault, 'work')
  const entry = findEntry(checkout.vault.store, { scope: 'local', key })
  if (entry === undefined) throw new Error('nothing was saved')
  return { checkout, query: { task: TASK, key, rules: RULES }, entry }
}
