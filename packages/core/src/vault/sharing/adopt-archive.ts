import path from 'node:path'
import { unpackArchive } from '../../archive/unpack-archive.ts'
import { isTaskVaultError } from '../../errors.ts'
import { encodeNotes } from '../../model/notes.ts'
import type { ByteStream } from '../../remote/blob-store.ts'
import type { ArchiveQuery } from '../../remote/github/github-archives.ts'
import type { FoundArchive } from '../../remote/github/github-service.ts'
import { recordRefusal } from '../../store/entries/record-use.ts'
import type { OpenParts } from '../open-parts.ts'
import { saveEntry } from '../save.ts'
import { placeOf } from '../targets/cache-pattern.ts'
import { noteKey } from '../targets/noted-key.ts'
import type { Adopted, Adoption } from '../vault.ts'
import { inOwnDirectory } from './own-directory.ts'
import { placeUnpacked } from './place-unpacked.ts'

/** The archive that actions/cache would restore; undefined without one. Trouble is reported. */
export async function findArchive(
  { remote }: OpenParts,
  query: ArchiveQuery,
): Promise<FoundArchive | undefined> {
  return await remote?.attempt('read', async ({ archives }) => await archives?.find(query))
}

/**
 * Makes an entry of an archive in the local store, whence it is restored like any other; nothing is sent.
 * What the archive has besides the declared paths makes it none, which is reported as damage is.
 * @returns what of it is in its place already; undefined when there is no entry.
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
  const { archive, task, work, policy, selection } = adoption
  return await inOwnDirectory(parts, async (directory) => {
    await unpackArchive(pieces, {
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
    const outputs = selection.find(directory)
    await saveEntry(
      { ...parts, remote: undefined },
      {
        task,
        work,
        outputs,
        notes: encodeNotes(noteKey(archive.key)),
        exitCode: 0,
        durationMs: 0,
        origin: { platform: 'github' },
        policy: { ...policy, write: true, maxSizeBytes: undefined },
      },
    )
    const targets = selection.select(outputs.map(({ declaredAs }) => declaredAs)) ?? []
    return placeUnpacked(
      projectRoot,
      targets.map((target, at) => ({ target, stagedPath: outputs[at]?.absolutePath ?? '' })),
    )
  })
}
