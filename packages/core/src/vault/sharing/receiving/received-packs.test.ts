import { readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { blobNameOf } from '../../../model/blob-name.ts'
import { digestFromBytes } from '../../../model/digest.ts'
import { encodeManifest } from '../../../model/manifest.ts'
import type { Manifest } from '../../../model/manifest.ts'
import { createFolderObjectStore } from '../../../remote/objects/folder-object-store.ts'
import { createObjectBlobStore } from '../../../remote/objects/object-blob-store.ts'
import { createObjectEntryStore } from '../../../remote/objects/object-entry-store.ts'
import { blobPath } from '../../../store/blobs/blob-path.ts'
import { buildBlob } from '../../../store/blobs/build-blob.ts'
import { registerBlob } from '../../../store/blobs/contents.ts'
import { createFrameCompressor } from '../../../store/blobs/frame-compressor.ts'
import { openBlob } from '../../../store/blobs/pack-reader.ts'
import { createPackWriter } from '../../../store/blobs/pack-writer.ts'
import { listReceived, noteReceived } from '../../../store/blobs/received-packs.ts'
import { invalidate } from '../../../store/entries/invalidate.ts'
import { collectGarbage } from '../../../store/removal/collect-garbage.ts'
import { evictIfNeeded } from '../../../store/removal/evict.ts'
import { verifyStore } from '../../../store/repair/verify-store.ts'
import type { Store } from '../../../store/store.ts'
import { TASK } from '../../../testing/checkout.ts'
import type { Checkout } from '../../../testing/checkout.ts'
import { blobOf, sampleBytes } from '../../../testing/sample-blobs.ts'
import { createSharedFolder, useSharing } from '../../../testing/use-checkout.ts'
import { fingerprintContent } from '../../fingerprints/fingerprint-content.ts'
import { draftOf } from '../push-entry.ts'

test('what was received is referred to by later saves, once it was checked', async () => {
  const share = createSharedFolder()
  const [one, other] = [await useSharing(share), await useSharing(share)]
  one.write('out/a', sampleBytes(400_000))
  one.write('out/large', sampleBytes(3_000_000, 2))
  await one.save('first')
  await other.restore('first')
  // Files that no stat cache knows, of contents that came from elsewhere.
  other.write('out/copy of a', sampleBytes(400_000))
  other.write('out/copy of large', sampleBytes(3_000_000, 2))

  const saved = await other.save('second')

  expect(saved).toMatchObject({ kind: 'saved', remote: { kind: 'sent' } })
  expect(saved.kind === 'saved' && saved.storedBytes).toBeLessThan(20_000)
  expect(readdirSync(join(other.root, 'cache', 'received'))).toEqual([])
  expect(await one.restore('second')).toBe('hit')
  expect(one.outputs()).toEqual(other.outputs())
})

test('packs of which a restore has read all are confirmed by it, and large files found in them', async () => {
  const share = createSharedFolder()
  const [one, other] = [await useSharing(share), await useSharing(share)]
  one.write('out/a', sampleBytes(400_000))
  one.write('out/large', sampleBytes(3_000_000, 2))
  one.write('out/the same', sampleBytes(3_000_000, 2))
  await one.save('first')

  await other.restore('first')

  expect(readNotes(other)).toEqual([`${TASK}\nconfirmed`])
  other.write('out/large too', sampleBytes(3_000_000, 2))
  const saved = await other.save('second')
  expect(saved.kind === 'saved' && saved.storedBytes).toBeLessThan(5_000)
  expect(readNotes(other)).toEqual([])
  expect(await one.restore('second')).toBe('hit')
  expect(one.outputs()).toEqual(other.outputs())
})

test('a pack of which a restore had use for a part is not confirmed', async () => {
  const share = createSharedFolder()
  const [one, other] = [await useSharing(share), await useSharing(share)]
  for (let index = 0; index < 20; index += 1) one.write(`out/${index}`, sampleBytes(40_000, index))
  await one.save('first')
  for (let index = 0; index < 19; index += 1)
    other.write(`out/${index}`, sampleBytes(40_000, index))

  await other.restore('first')

  expect(readNotes(other)).toEqual([TASK])
})

test('a pack that lies about its contents does not spoil what is saved afterwards', async () => {
  const share = createSharedFolder()
  const victim = await useSharing(share)
  const wanted = sampleBytes(200_000, 7)
  await plantLie(share, { victim, about: wanted })
  expect(await victim.restore('planted')).toBe('hit')
  expect(readNotes(victim)).toEqual([TASK])
  rmSync(join(victim.root, 'out'))
  victim.write('out/wanted', wanted)

  const saved = await victim.save('own work')
  rmSync(join(victim.root, 'out'), { recursive: true })
  const restored = await victim.restore('own work')

  expect(saved).toMatchObject({ kind: 'saved' })
  expect(restored).toBe('hit')
  expect(Buffer.from(victim.outputs()['wanted'] ?? '', 'base64')).toEqual(wanted)
})

test('believed at once, it would spoil it (control)', async () => {
  const share = createSharedFolder()
  const victim = await useSharing(share)
  const wanted = sampleBytes(200_000, 7)
  await plantLie(share, { victim, about: wanted })
  await victim.restore('planted')
  await believe(victim)
  rmSync(join(victim.root, 'out'))
  victim.write('out/wanted', wanted)

  await victim.save('own work')
  rmSync(join(victim.root, 'out'), { recursive: true })
  const restored = await victim.restore('own work')

  expect(restored).toMatchObject({ kind: 'miss', reasons: [{ kind: 'damaged' }] })
})

test('nor does one that an index has forgotten, and a repair has found again', async () => {
  const share = createSharedFolder()
  const victim = await useSharing(share)
  const wanted = sampleBytes(200_000, 7)
  await plantLie(share, { victim, about: wanted, isCut: true })
  await victim.restore('planted')
  const { store } = victim.vault
  for (const table of ['cache_entries', 'blobs']) store.database.exec(`DELETE FROM ${table}`)
  rmSync(join(victim.root, 'out'))
  victim.write('out/wanted', wanted)

  const { restoredEntries } = await verifyStore(store, { repair: true })
  await victim.save('own work')
  rmSync(join(victim.root, 'out'), { recursive: true })

  expect(restoredEntries).toBe(1)
  expect(await victim.restore('own work')).toBe('hit')
})

test.each<readonly [string, (store: Store) => unknown]>([
  ['evicted', (store) => evictIfNeeded(store, { limitBytes: 1 })],
  ['collected', async (store) => (invalidate(store, { task: TASK }), await collectGarbage(store))],
])('an old note on a pack that is gone goes when something is %s', async (_, remove) => {
  const share = createSharedFolder()
  const [one, other] = [await useSharing(share), await useSharing(share)]
  for (const [index, input] of ['first', 'second'].entries()) {
    one.write('out/a', sampleBytes(400_000, index))
    await one.save(input)
    await other.restore(input)
  }
  const { store } = other.vault
  const [old = '', ...fresh] = listReceived(store)
  const forgotten = digestFromBytes(Buffer.alloc(32, 1))
  noteReceived(store, forgotten, TASK)
  writeFileSync(blobPath(store.cacheDirectory, forgotten), '')
  const twoHoursAgo = new Date(Date.now() - 2 * 60 * 60 * 1_000)
  for (const digest of [old, forgotten])
    utimesSync(join(store.cacheDirectory, 'received', digest), twoHoursAgo, twoHoursAgo)

  await remove(store)

  expect(listReceived(store).toSorted()).toEqual([...fresh, forgotten].toSorted())
})

function readNotes({ root }: Checkout): string[] {
  const notes = join(root, 'cache', 'received')
  return readdirSync(notes).map((name) => readFileSync(join(notes, name), 'utf8'))
}

/** Enters all that received packs say of themselves, unchecked. */
async function believe({ root, vault: { store } }: Checkout): Promise<void> {
  for (const digest of listReceived(store)) {
    using blob = await openBlob(blobPath(store.cacheDirectory, digest))
    registerBlob(store, { digest, sizeBytes: blob.sizeBytes, contents: blob.listDigests() })
  }
  rmSync(join(root, 'cache', 'received'), { recursive: true })
}

interface Lie {
  readonly victim: Checkout
  /** What the pack says it holds, and does not. */
  readonly about: Buffer
  /** Whether it says that it has that as parts, of which each is what it is called. */
  readonly isCut?: boolean
}

/** Puts an entry into the share whose restore succeeds, and whose pack says more than is true. */
async function plantLie(share: string, { victim, about, isCut = false }: Lie): Promise<void> {
  const { algorithm, store, statCache } = victim.vault
  const objects = createFolderObjectStore(share)
  const blobs = createObjectBlobStore(objects)
  using compressor = createFrameCompressor()
  const writer = createPackWriter(store, compressor)
  const other = sampleBytes(about.length, 8)
  const [digest, chunks] = [algorithm.hash(about), [algorithm.hash(other)]]
  writer.add(isCut ? algorithm.hash(other) : digest, other)
  if (isCut) writer.addChunked({ digest, length: about.length, chunks })
  const honest = Buffer.from('honest')
  writer.add(algorithm.hash(honest), honest)
  const pack = await writer.finish()
  const content = Buffer.from('planted')
  const { key } = await fingerprintContent(
    { task: TASK, content },
    { algorithm, statCache, now: Date.now },
  )
  const file = {
    kind: 'file',
    name: 'out',
    mode: 0o644,
    mtimeUs: 1,
    sizeBytes: honest.length,
    digest: digestFromBytes(algorithm.hash(honest)),
  } as const
  const manifest: Manifest = {
    task: TASK,
    key,
    scope: 'local',
    createdAtMs: 1,
    expiresAtMs: undefined,
    exitCode: 0,
    durationMs: 1,
    origin: {},
    outputs: [{ declaredAs: 'out', entry: file }],
    sizeBytes: honest.length,
    fileCount: 1,
    log: undefined,
    fingerprint: undefined,
    blobs: [pack.digest],
  }
  const bytes = Buffer.from(encodeManifest(manifest))
  const contents = [{ digest: algorithm.hash(bytes), bytes }]
  const manifestBlob = await blobOf(Buffer.from(buildBlob('manifest', contents, algorithm)))
  const packBlob = await blobOf(readFileSync(blobPath(store.cacheDirectory, pack.digest)))
  rmSync(blobPath(store.cacheDirectory, pack.digest))
  await blobs.put(manifestBlob)
  await blobs.put(packBlob)
  expect(packBlob.name).toBe(blobNameOf({ algorithm: algorithm.name, digest: pack.digest }))
  const draft = draftOf(manifest, {
    manifest: { name: manifestBlob.name, sizeBytes: manifestBlob.sizeBytes },
    packs: [{ name: packBlob.name, sizeBytes: packBlob.sizeBytes }],
  })
  await createObjectEntryStore({ objects, blobs }).publish(draft)
}
