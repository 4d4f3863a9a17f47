import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { asTaskVaultError, systemErrorCode } from '../../errors.ts'
import { ensureDirectory } from '../../files/ensure-directory.ts'
import { removeFile } from '../../files/remove-file.ts'
import { writeAtomically } from '../../files/write-atomically.ts'
import { isDigest } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'
import type { TaskName } from '../../model/task.ts'
import { isUnusable } from '../entries/adopt-manifest.ts'
import type { Store } from '../store.ts'
import { blobPath } from './blob-path.ts'
import { registerBlobs } from './contents.ts'
import type { NewBlob } from './contents.ts'
import { dropDamagedBlob } from './damaged-blob.ts'
import { isIndexed } from './indexed-blob.ts'
import { openBlob } from './pack-reader.ts'

/*
 * Packs that came from elsewhere. Their bytes have the digest that their name says; whether their
 * contents have the digests that their index says, only their writer knows. Restores check what they
 * read. Saves would not: they refer to contents in place of storing them. So the contents of such a
 * pack are not found, until somebody who means to save has read all of it; a note says which packs
 * that are, and whether a restore has read all of it in the meantime.
 */

type Place = Pick<Store, 'cacheDirectory'>

/** Notes that nobody has checked this pack's contents. Before the pack is registered. */
export function noteReceived({ cacheDirectory }: Place, digest: Digest, task: TaskName): void {
  const directory = notesDirectory(cacheDirectory)
  try {
    ensureDirectory(directory)
    writeAtomically(join(directory, digest), Buffer.from(task))
  } catch (error) {
    throw asTaskVaultError(error, `write to ${directory}`)
  }
}

/** Notes that all that this pack says of its contents is true; nothing when it has no note any more. */
export function noteConfirmed(store: Place, digest: Digest): void {
  const note = readNote(store, digest)
  if (note === undefined) return
  writeAtomically(receivedNotePath(store, digest), Buffer.from(`${note.task}\n${CONFIRMED}`))
}

/** Where the note on a pack lies. */
export function receivedNotePath({ cacheDirectory }: Place, digest: Digest): string {
  return join(notesDirectory(cacheDirectory), digest)
}

/** Digests of the packs that came from elsewhere and that nobody has checked. */
export function listReceived({ cacheDirectory }: Place): readonly Digest[] {
  const directory = notesDirectory(cacheDirectory)
  // Every save asks, and where there is none an error would take longer to make than all else here.
  if (!existsSync(directory)) return []
  try {
    return readdirSync(directory).filter(isDigest)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    throw asTaskVaultError(error, `list ${directory}`)
  }
}

/**
 * Reads through all packs that came for a task, and makes their contents findable. One that lies is
 * taken out, with the entries that need it.
 * @throws {TaskVaultError} as the database and the file system do.
 */
export async function checkReceived(store: Store, task: TaskName): Promise<void> {
  await enterReceived(store, (note) => note.task === task)
}

/**
 * Makes the contents of those packs findable that restores have confirmed, and reads none of them.
 * @param isMeant whether it is to be done with what came for a task.
 * @throws {TaskVaultError} as the database and the file system do.
 */
export async function enterConfirmed(
  store: Store,
  isMeant: (task: string) => boolean,
): Promise<void> {
  await enterReceived(store, (note) => note.isConfirmed && isMeant(note.task))
}

async function enterReceived(store: Store, isMeant: (note: Note) => boolean): Promise<void> {
  const received: Digest[] = []
  const right: NewBlob[] = []
  for (const digest of listReceived(store)) {
    const note = readNote(store, digest)
    if (note === undefined || !isMeant(note)) continue
    received.push(digest)
    const pack = await checkPack(store, digest, note)
    if (pack !== undefined) right.push(pack)
  }
  // With one that lied, others may have been taken out that were needed only where it was.
  registerBlobs(
    store,
    right.filter(({ digest }) => isIndexed(store, digest)),
  )
  for (const digest of received) removeFile(receivedNotePath(store, digest))
}

/** A pack with its contents; undefined when it is gone, or lied and was taken out. */
async function checkPack(
  store: Store,
  digest: Digest,
  { isConfirmed }: Note,
): Promise<NewBlob | undefined> {
  if (!isIndexed(store, digest)) return undefined
  try {
    using blob = await openBlob(blobPath(store.cacheDirectory, digest))
    if (!isConfirmed) blob.verify(digest)
    // Whether their parts make up what was cut is not seen by `verify`.
    const contents = isConfirmed ? blob.listDigests() : blob.listWholeDigests()
    return { digest, sizeBytes: blob.sizeBytes, contents }
  } catch (error) {
    if (!isUnusable(error)) throw error
    dropDamagedBlob(store, digest)
    return undefined
  }
}

interface Note {
  readonly task: string
  readonly isConfirmed: boolean
}

const CONFIRMED = 'confirmed'

function readNote(place: Place, digest: Digest): Note | undefined {
  try {
    const text = readFileSync(receivedNotePath(place, digest), 'utf8')
    const [task = '', state] = text.split('\n')
    return { task, isConfirmed: state === CONFIRMED }
  } catch (error) {
    // Somebody else has checked it.
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw asTaskVaultError(error, 'read what came from elsewhere')
  }
}

function notesDirectory(cacheDirectory: string): string {
  return join(cacheDirectory, 'received')
}
