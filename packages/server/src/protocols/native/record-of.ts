import type { EntryDraft, EntryRecord, NeededBlob, TaskKey, TaskName } from '@taskvault/core'
import type { NewEntry, StoredEntry } from '../../engine/engine.ts'

const PREFIX = 'task:'

/** The namespace of a task's entries. */
export function namespaceOf(task: TaskName): string {
  return `${PREFIX}${task}`
}

/** What the namespaces begin with of all tasks whose names begin so. */
export function namespacePrefixOf(taskPrefix: string): string {
  return `${PREFIX}${taskPrefix}`
}

/** The task of a namespace; undefined for those of other protocols. */
export function taskOf(namespace: string): TaskName | undefined {
  // Made by namespaceOf, of a name that was checked.
  return namespace.startsWith(PREFIX) ? (namespace.slice(PREFIX.length) as TaskName) : undefined
}

/** What of a record the store keeps for us as it is. */
interface Details {
  readonly fileCount: number
  readonly exitCode: number
  readonly origin: EntryDraft['origin']
}

/** A draft in the store's words. The manifest is the first of its blobs. */
export function entryOf(draft: EntryDraft): NewEntry {
  const { fileCount, exitCode, origin } = draft
  const details: Details = { fileCount, exitCode, origin }
  return {
    namespace: namespaceOf(draft.task),
    key: draft.key,
    blobs: [draft.manifest, ...draft.packs],
    content: draft.manifest.name,
    details: { ...details },
    durationMs: draft.durationMs,
    sizeBytes: draft.sizeBytes,
    expiresAtMs: draft.expiresAtMs,
  }
}

/** An entry in the words of the protocol; undefined when another protocol wrote it. */
export function recordOf(entry: StoredEntry): EntryRecord | undefined {
  const task = taskOf(entry.namespace)
  const [manifest, ...packs] = entry.blobs
  if (task === undefined || manifest === undefined) return undefined
  // Written by entryOf.
  const { fileCount, exitCode, origin } = entry.details as unknown as Details
  return {
    id: entry.id,
    scope: entry.scope,
    task,
    key: entry.key as TaskKey,
    manifest: asNeeded(manifest),
    packs: packs.map(asNeeded),
    sizeBytes: entry.sizeBytes,
    fileCount,
    exitCode,
    durationMs: entry.durationMs,
    createdAtMs: entry.createdAtMs,
    expiresAtMs: entry.expiresAtMs,
    origin,
    writer: entry.writer,
    restored: entry.restored,
    signature: entry.signature,
  }
}

function asNeeded({ name, sizeBytes }: NeededBlob): NeededBlob {
  return { name, sizeBytes }
}
