import path from 'node:path'
import { unpackArchive } from '../../archive/unpack-archive.ts'
import { isTaskVaultError } from '../../errors.ts'
import { isWithin } from '../../files/is-within.ts'
import { encodeNotes } from '../../model/notes.ts'
import type { WrittenPaths } from '../../outputs/written-paths.ts'
import type { ByteStream } from '../../remote/blob-store.ts'
import type { ArchiveQuery } from '../../remote/github/github-archives.ts'
import type { FoundArchive } from '../../remote/github/github-service.ts'
import { recordArchive, recordRefusal } from '../../store/entries/record-use.ts'
import type { OpenParts } from '../open-parts.ts'
import { saveEntry } from '../save.ts'
import { placeOf } from '../targets/cache-pattern.ts'
import { noteKey } from '../targets/noted-key.ts'
import type { Adopted, Adoption, CacheSelection, OutputTarget } from '../vault.ts'
import { openArchiveStaging } from './open-archive-staging.ts'
import { placeUnpacked } from './place-unpacked.ts'
import type { UnpackedOutput } from './place-unpacked.ts'
import { counted } from './receiving/read-part.ts'

/** The archive that actions/cache would restore; undefined without one. Trouble is reported. */
export async function findArchive(
  { remote }: OpenParts,
  query: ArchiveQuery,
): Promise<FoundArchive | undefined> {
  return await remote?.attempt('read', async ({ archives }) => await archives?.find(query))
}

/**
 * Puts an archive in its place, all of it or nothing. If something is there, it becomes an entry in the local store,
 * whence it is restored like any other. What the archive has besides the declared paths makes it unusable, which is
 * reported as damage is.
 * @returns undefined when it is unusable, or was not received.
 */
export async function adoptArchive(
  parts: OpenParts,
  adoption: Adoption,
): Promise<Adopted | undefined> {
  return await parts.remote?.attempt('read', async ({ archives }) => {
    const pieces = await archives?.open(adoption.archive)
    return pieces && (await adoptUnlessWrong(parts, adoption, pieces))
  })
}

/** Nobody knows who has done it, nor how long it took. */
const UNKNOWN_WORK = { exitCode: 0, durationMs: 0, origin: { platform: 'github' } }

/** What says that it is no archive of these paths, rather than that something did not work. */
const WRONG = ['ENTRY_DAMAGED', 'ENTRY_TOO_LARGE', 'OUTPUT_MISSING'] as const

async function adoptUnlessWrong(
  parts: OpenParts,
  adoption: Adoption,
  pieces: ByteStream,
): Promise<Adopted | undefined> {
  try {
    return await adopt(parts, adoption, pieces)
  } catch (error) {
    if (!isTaskVaultError(error, ...WRONG)) throw error
    const { task, work } = adoption
    recordRefusal(parts.store, { task, key: work.key, scope: 'archive' }, error.code)
    return undefined
  }
}

async function adopt(parts: OpenParts, adoption: Adoption, pieces: ByteStream): Promise<Adopted> {
  const { maxSizeBytes, projectRoot } = parts.settings
  const { selection } = adoption
  // Whence it can be moved to its place, as far as one can tell before.
  using staging = openArchiveStaging(parts, selection.start)
  const { directory } = staging
  let receivedBytes = 0
  const received = counted(pieces, (count) => (receivedBytes += count))
  const { leaves, sizeBytes } = await unpackArchive(received, {
    limitBytes: maxSizeBytes,
    placeOf(member) {
      // Its members are named as seen from the workspace.
      const absolutePath = path.resolve(projectRoot, member)
      const kind = selection.decide(absolutePath)
      return kind === 'wanted'
        ? { kind: 'at', absolutePath: path.join(directory, placeOf(absolutePath)) }
        : { kind }
    },
  })
  const staged = selection.find(directory)
  const unpacked = locate(staged, selection)
  if (unpacked === undefined || !placeUnpacked(parts, unpacked)) {
    await keep(parts, adoption, staged)
    return { kind: 'kept' }
  }
  const { task } = adoption
  const { key } = adoption.work
  recordArchive(parts.store, { task, key })
  const createdAtMs = parts.store.now()
  return {
    kind: 'placed',
    manifest: { ...UNKNOWN_WORK, task, key, createdAtMs, sizeBytes },
    written: listWritten(leaves, staged),
    receivedBytes,
  }
}

/** Undefined when it is not what the lines say. */
function locate(
  staged: readonly OutputTarget[],
  selection: CacheSelection,
): readonly UnpackedOutput[] | undefined {
  const targets = selection.select(staged.map(({ declaredAs }) => declaredAs))
  return targets?.map((target, at) => ({ target, stagedPath: staged[at]?.absolutePath ?? '' }))
}

/** Named as in `OutputChanges`. */
function listWritten(leaves: ReadonlySet<string>, staged: readonly OutputTarget[]): WrittenPaths {
  return {
    length: leaves.size,
    *[Symbol.iterator]() {
      for (const leaf of leaves)
        for (const { declaredAs, absolutePath } of staged)
          if (isWithin(leaf, absolutePath))
            yield declaredAs + leaf.slice(absolutePath.length).split(path.sep).join('/')
    },
  }
}

/** As an entry of this machine; nothing is sent. */
async function keep(
  parts: OpenParts,
  { archive, task, work, policy }: Adoption,
  outputs: readonly OutputTarget[],
): Promise<void> {
  await saveEntry(
    { ...parts, remote: undefined },
    {
      task,
      work,
      outputs,
      notes: encodeNotes(noteKey(archive.key)),
      ...UNKNOWN_WORK,
      policy: { ...policy, write: true, maxSizeBytes: undefined },
    },
  )
}
