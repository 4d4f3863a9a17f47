import process from 'node:process'
import { isTaskVaultError } from '../errors.ts'
import { openHashAlgorithm } from '../hashing/open-hash-algorithm.ts'
import { parseTaskName } from '../model/task.ts'
import { blobPath } from '../store/blobs/blob-path.ts'
import { openBlob, readManifest } from '../store/blobs/pack-reader.ts'
import { findEntry, listEntries } from '../store/entries/entries.ts'
import { recordHit } from '../store/entries/record-use.ts'
import { removeEntry } from '../store/entries/remove-entry.ts'
import { openStore } from '../store/open-store.ts'
import { collectGarbage } from '../store/removal/collect-garbage.ts'
import { evictIfNeeded } from '../store/removal/evict.ts'
import { rebuildIndex } from '../store/repair/rebuild-index.ts'
import type { Store } from '../store/store.ts'
import { keyOf, saveSample, storePack, trySaveSample } from './temporary-store.ts'

/*
 * A process that works on a store among others until it is killed. It says on standard output, a line
 * each, which entries it was promised (`ack NAME`), and what must not happen (`wrong …`).
 */

const [cacheDirectory = '', role = '', seed = '0'] = process.argv.slice(2)
const NAMES = 40
const algorithm = await openHashAlgorithm('blake3')
const store = await openStore({ cacheDirectory, algorithm, report: () => {}, now: Date.now })
let state = Number(seed) + 1

function random(below: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}

const ROLES: Readonly<Record<string, () => void | Promise<void>>> = {
  save() {
    // Saves share packs, so that one save's pack is what another's removal would take.
    const pack = storePack(store, `pack ${random(5)}`, 2_000)
    const name = `${random(NAMES)}`
    if (trySaveSample(store, { name, packs: [pack], sizeBytes: 300 }) !== undefined)
      say(`ack ${name}`)
  },
  // Nobody removes these.
  keep() {
    const name = `kept ${seed} ${random(1_000_000)}`
    const pack = storePack(store, `pack ${random(5)}`, 2_000)
    if (trySaveSample(store, { name, task: 'kept', packs: [pack] }) !== undefined)
      say(`ack ${name}`)
  },
  async read() {
    const name = `${random(NAMES)}`
    const entry = findEntry(store, { scope: 'local', key: keyOf(store, name) })
    if (entry === undefined) return
    await checkEntry(store, entry.blob, name)
    recordHit(store, entry, { savedMs: 1 })
  },
  remove() {
    const entry = listEntries(store, { task: parseTaskName('unit_tests'), limit: 1 })[0]
    if (entry !== undefined) removeEntry(store, entry.number, 'rm')
  },
  evict: () => void evictIfNeeded(store, { limitBytes: 20_000 }),
  collect: async () => void (await collectGarbage(store)),
  rebuild: async () => void (await rebuildIndex(store, 'always')),
  once: () => void saveSample(store, { name: seed }),
}

async function checkEntry(
  from: Store,
  blob: Parameters<typeof blobPath>[1],
  name: string,
): Promise<void> {
  try {
    using opened = await openBlob(blobPath(from.cacheDirectory, blob))
    opened.verifyFile(blob)
    const manifest = readManifest(opened)
    if (manifest.key !== keyOf(from, name)) say(`wrong entry for ${name}`)
    for (const digest of manifest.blobs) {
      using pack = await openBlob(blobPath(from.cacheDirectory, digest))
      pack.verify(digest)
    }
  } catch (error) {
    // Removed since it was looked up: a miss.
    if (!isTaskVaultError(error, 'BLOB_MISSING')) throw error
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

const work = ROLES[role]
if (work === undefined) throw new Error(`no role ${role}`)
say('ready')
do {
  try {
    await work()
  } catch (error) {
    // While another process rebuilds, or holds the lock for long.
    if (!isTaskVaultError(error, 'DATABASE_BUSY')) throw error
  }
  await new Promise(setImmediate)
} while (role !== 'once')
store[Symbol.dispose]()
