import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeAtomically } from '../files/write-atomically.ts'
import { openHashAlgorithm } from '../hashing/open-hash-algorithm.ts'
import { digestFromBytes } from '../model/digest.ts'
import type { Digest, TaskKey } from '../model/digest.ts'
import type { VaultEvent } from '../model/events.ts'
import { encodeManifest } from '../model/manifest.ts'
import type { Manifest } from '../model/manifest.ts'
import type { EvictionStrategy } from '../model/policy.ts'
import { parseTaskName } from '../model/task.ts'
import { blobPath } from '../store/blobs/blob-path.ts'
import { buildBlob } from '../store/blobs/build-blob.ts'
import { registerBlob } from '../store/blobs/contents.ts'
import { publishEntry } from '../store/entries/publish-entry.ts'
import type { Publication } from '../store/entries/publish-entry.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'

/** A store in a directory of its own, with a clock that tests can move. */
export interface TemporaryStore extends Disposable {
  readonly cacheDirectory: string
  readonly events: VaultEvent[]
  /** Milliseconds since 1970. */
  nowMs: number
  /** Opens the store once more, as another process would; the test disposes what it opens. */
  open(): Promise<Store & Disposable>
}

export async function openTemporaryStore(): Promise<TemporaryStore> {
  const cacheDirectory = join(
    realpathSync(mkdtempSync(join(tmpdir(), 'taskvault-store-'))),
    'cache',
  )
  const algorithm = await openHashAlgorithm('blake3')
  const opened: Disposable[] = []
  const temporary: TemporaryStore = {
    cacheDirectory,
    events: [],
    nowMs: Date.UTC(2026, 1, 2, 14, 30, 45),
    async open() {
      const store = await openStore({
        cacheDirectory,
        algorithm,
        report: (event) => void temporary.events.push(event),
        now: () => temporary.nowMs,
      })
      opened.push(store)
      return store
    },
    [Symbol.dispose]() {
      for (const store of opened) closeQuietly(store)
      rmSync(join(cacheDirectory, '..'), { recursive: true, force: true })
    },
  }
  return temporary
}

export interface SavedSample {
  readonly key: TaskKey
  readonly manifest: Manifest
  readonly blob: Digest
}

export interface Sample {
  readonly task?: string
  /** Also what tells keys apart. */
  readonly name: string
  readonly ttlMs?: number
  readonly strategy?: EvictionStrategy
  /** Bytes that the manifest's blob takes besides the manifest, about. */
  readonly sizeBytes?: number
  /** Packs that it needs, from `storePack`. */
  readonly packs?: readonly StoredPack[]
}

export interface StoredPack {
  readonly digest: Digest
  readonly number: number
  readonly sizeBytes: number
}

/** Stores a pack of `sizeBytes` that cannot be compressed. */
export function storePack(store: Store, name: string, sizeBytes: number): StoredPack {
  const bytes = incompressible(store, name, sizeBytes)
  const content = { digest: store.algorithm.hash(bytes), bytes }
  const blob = buildBlob('pack', [content], store.algorithm)
  const digest = digestFromBytes(store.algorithm.hash(blob))
  writeAtomically(blobPath(store.cacheDirectory, digest), blob)
  const number = registerBlob(store, { digest, sizeBytes: blob.length, contents: [content.digest] })
  return { digest, number, sizeBytes: blob.length }
}

/** Saves an entry. @throws when a pack of it is gone. */
export function saveSample(store: Store, sample: Sample): SavedSample {
  const saved = trySaveSample(store, sample)
  if (saved === undefined) throw new Error(`a pack of ${sample.name} is gone`)
  return saved
}

/** Saves an entry; undefined when a pack of it is gone. */
export function trySaveSample(store: Store, sample: Sample): SavedSample | undefined {
  const publication = writeSample(store, sample)
  const { manifest, manifestBlob } = publication
  if (publishEntry(store, publication).kind !== 'published') return undefined
  return { key: manifest.key, manifest, blob: manifestBlob.digest }
}

/** Writes what an entry needs, which is to be published yet. */
export function writeSample(store: Store, sample: Sample): Publication {
  const { task = 'unit_tests', name, packs = [], sizeBytes = 0, strategy = 'lru' } = sample
  const key = keyOf(store, name)
  const manifest: Manifest = {
    task: parseTaskName(task),
    key,
    scope: 'local',
    createdAtMs: store.now(),
    expiresAtMs: sample.ttlMs === undefined ? undefined : store.now() + sample.ttlMs,
    exitCode: 0,
    durationMs: 1_500,
    // Not in the order that a manifest is read in.
    origin: { platform: 'local', branch: 'main' },
    outputs: [],
    sizeBytes: sizeBytes + packs.reduce((sum, pack) => sum + pack.sizeBytes, 0),
    fileCount: 1,
    log: undefined,
    fingerprint: undefined,
    blobs: packs.map((pack) => pack.digest),
  }
  const contents = [Buffer.from(encodeManifest(manifest)), incompressible(store, name, sizeBytes)]
  const inline = contents.map((bytes) => ({ digest: store.algorithm.hash(bytes), bytes }))
  const bytes = buildBlob('manifest', inline, store.algorithm)
  const blob = digestFromBytes(store.algorithm.hash(bytes))
  writeAtomically(blobPath(store.cacheDirectory, blob), bytes)
  return {
    manifest,
    manifestBlob: { digest: blob, sizeBytes: bytes.length },
    blobNumbers: packs.map((pack) => pack.number),
    strategy,
  }
}

export function keyOf(store: Store, name: string): TaskKey {
  return digestFromBytes(store.algorithm.hash(Buffer.from(name))) as Digest & TaskKey
}

function incompressible(store: Store, seed: string, sizeBytes: number): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; at < sizeBytes; at += 32)
    pieces.push(store.algorithm.hash(Buffer.from(`${seed} ${at}`)))
  return Buffer.concat(pieces).subarray(0, sizeBytes)
}

function closeQuietly(store: Disposable): void {
  try {
    store[Symbol.dispose]()
  } catch {
    // The test has closed it, or destroyed it.
  }
}
