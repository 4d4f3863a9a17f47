import type { FoundArchive } from '../../remote/github/github-service.ts'
import { noteKey } from '../targets/noted-key.ts'
import type { Adopted, CacheSelection, OutputTarget, TaskOutputs } from '../vault.ts'
import { nameArchive } from './archive-name.ts'
import type { ArchiveName } from './archive-name.ts'
import { lookUp } from './look-up.ts'
import type { LookUp } from './look-up.ts'
import type { HitOutcome, KeyableWork } from './run-contract.ts'
import { unlessTrouble } from './run-trouble.ts'

/** Which archives of actions/cache can hold a piece of work. */
export interface ArchiveSource {
  readonly query: ArchiveName
  /** The work whose cache the archive with this key holds. */
  workOf(key: string): KeyableWork
}

export interface ArchiveOfWork {
  readonly archive: FoundArchive
  readonly work: KeyableWork
  /** Whether it is the archive of the very key. */
  readonly isExact: boolean
}

export interface LookUpOfCache extends LookUp {
  readonly targets: readonly OutputTarget[] | CacheSelection | TaskOutputs
}

/** The archive that actions/cache would take. Trouble is reported, and is none. */
export async function findArchiveFor(
  { vault, request }: Pick<LookUp, 'vault'> & { readonly request: Pick<KeyableWork, 'env'> },
  source: ArchiveSource | undefined,
): Promise<ArchiveOfWork | undefined> {
  if (source === undefined) return undefined
  const archive = await vault.findArchive(nameArchive(source.query, request.env))
  if (archive === undefined) return undefined
  const [primary = ''] = source.query.keys
  // As actions/cache compares them.
  const isExact = primary.localeCompare(archive.key, undefined, { sensitivity: 'accent' }) === 0
  return { archive, isExact, work: source.workOf(isExact ? primary : archive.key) }
}

/** Puts the archive in place; undefined after trouble. */
export async function restoreArchive(
  run: LookUpOfCache,
  { archive, work }: ArchiveOfWork,
): Promise<HitOutcome | undefined> {
  const { vault, request, targets: selection } = run
  const { task } = work
  // Results of tasks have no archives.
  if (!('decide' in selection)) return undefined
  const { policy } = request
  const startedAt = performance.now()
  return await unlessTrouble({ vault, request }, async () => {
    const keyed = await vault.fingerprint(work)
    const adopted = await vault.adoptArchive({ archive, task, work: keyed, policy, selection })
    if (adopted === undefined) return undefined
    const own = { ...run, request: { ...request, task }, work: keyed }
    const found = adopted.kind === 'placed' ? asHit(own, archive, adopted) : await lookUp(own)
    if (found.kind !== 'hit') return undefined
    return { ...found, key: run.work.key, tookMs: performance.now() - startedAt }
  })
}

function asHit(
  { request: { task }, work: { key } }: Pick<LookUp, 'request' | 'work'>,
  archive: FoundArchive,
  { manifest, written, receivedBytes }: Extract<Adopted, { kind: 'placed' }>,
): HitOutcome {
  return {
    kind: 'hit',
    task,
    key,
    exitCode: manifest.exitCode,
    manifest,
    changes: { written, removed: [], unchangedCount: 0 },
    putBack: [],
    notes: noteKey(archive.key),
    receivedBytes,
    tookMs: 0,
  }
}
