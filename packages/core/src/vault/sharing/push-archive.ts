import { createReadStream } from 'node:fs'
import path from 'node:path'
import { packArchive } from '../../archive/pack-archive.ts'
import { TaskVaultError } from '../../errors.ts'
import type { ArchiveQuery, ArchiveStore } from '../../remote/github/github-archives.ts'
import type { OpenParts } from '../open-parts.ts'
import type { OutputTarget } from '../vault.ts'
import { openArchiveStaging } from './open-archive-staging.ts'
import type { Pushed } from './pushed.ts'

export interface ArchiveToPush {
  /** By which it is found. */
  readonly name: ArchiveQuery
  readonly targets: readonly OutputTarget[]
}

/**
 * Sends what lies at the paths as an archive, in the place of an entry: for those who know no entries.
 * Trouble is reported; undefined when there is no remote store.
 */
export async function pushArchive(
  parts: OpenParts,
  archive: ArchiveToPush,
): Promise<Pushed | undefined> {
  const { remote } = parts
  if (remote === undefined) return undefined
  if (remote.mode === 'read') return { kind: 'skipped', sentBytes: 0 }
  const pushed = await remote.attempt('write', async ({ archives }) => {
    if (archives === undefined) throw keepsNone()
    return await packAndSend(parts, archives, archive)
  })
  return pushed ?? { kind: 'failed', sentBytes: 0 }
}

async function packAndSend(
  parts: OpenParts,
  archives: ArchiveStore,
  { name, targets }: ArchiveToPush,
): Promise<Pushed> {
  using staging = openArchiveStaging(parts)
  const file = path.join(staging.directory, 'archive')
  const sizeBytes = await packArchive({
    absolutePaths: targets.map(({ absolutePath }) => absolutePath),
    directory: parts.settings.projectRoot,
    compression: name.compression,
    file,
  })
  const outcome = await archives.put(name, { sizeBytes, open: () => createReadStream(file) })
  if (outcome === 'stored') return { kind: 'sent', sentBytes: sizeBytes }
  return { kind: outcome, sentBytes: 0 }
}

function keepsNone(): TaskVaultError {
  return new TaskVaultError('REMOTE_REFUSED', 'This remote store does not keep archives', {
    hint: "Only GitHub's cache service does: save in the usual format, or leave the remote store out.",
  })
}
