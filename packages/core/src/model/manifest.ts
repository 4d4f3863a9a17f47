import { TaskVaultError } from '../errors.ts'
import { isDigest } from './digest.ts'
import type { Digest, TaskKey } from './digest.ts'
import { isMoment } from './is-moment.ts'
import { parseTaskName } from './task.ts'
import type { TaskName } from './task.ts'
import { encodeTreeEntry, parseTreeEntry } from './tree.ts'
import type { TreeEntry } from './tree.ts'

/** Where work was done, as far as known. Empty strings are never stored. */
export interface Origin {
  readonly branch?: string
  readonly commit?: string
  /** `local`, `github`, `gitlab`, `circleci`, `jenkins`. */
  readonly platform?: string
  /** Name on that platform of the person, or whatever started the CI job. */
  readonly user?: string
}

/** A content that the manifest refers to. */
export interface ContentReference {
  readonly digest: Digest
  readonly sizeBytes: number
}

/** One declared output: the name it was declared by, and what was found there. */
export interface OutputRoot {
  /** The declared path, relative to the project root with `/`; empty for an output that the caller names in each call. */
  readonly declaredAs: string
  readonly entry: TreeEntry
}

/**
 * What an entry restores, and the key it belongs to. A damaged index can therefore lose an entry, but never return
 * another entry's outputs.
 */
export interface Manifest {
  readonly task: TaskName
  readonly key: TaskKey
  readonly scope: string
  readonly createdAtMs: number
  /** Undefined: the entry does not expire. */
  readonly expiresAtMs: number | undefined
  readonly exitCode: number
  /** How long the work took; 0 if not known. */
  readonly durationMs: number
  readonly origin: Origin
  readonly outputs: readonly OutputRoot[]
  /** Raw bytes of all outputs together; `fileCount` counts files, links and directories. */
  readonly sizeBytes: number
  readonly fileCount: number
  /** The recorded log; undefined when nothing was recorded. */
  readonly log: ContentReference | undefined
  /** What the command wrote to files of the CI system (see notes.ts); undefined when it was not kept. */
  readonly notes?: ContentReference | undefined
  /** The encoded fingerprint; undefined for entries keyed on plain bytes. */
  readonly fingerprint: ContentReference | undefined
  /** The packs that hold the contents, not counting the manifest's own blob. */
  readonly blobs: readonly Digest[]
}

/** JSON text of a manifest. */
export function encodeManifest(manifest: Manifest): string {
  const { outputs, ...rest } = manifest
  const lines = outputs.map((output) => [output.declaredAs, encodeTreeEntry(output.entry)])
  return `${JSON.stringify({ ...rest, outputs: lines })}\n`
}

/**
 * Reads a manifest, trusting nothing.
 * @throws {TaskVaultError} ENTRY_DAMAGED when a field is missing or malformed.
 */
export function parseManifest(text: string): Manifest {
  const fields = readObject(text)
  return {
    task: parseTaskName(readText(fields, 'task')),
    key: readDigest(fields['key'], 'key') as Digest & TaskKey,
    scope: readText(fields, 'scope'),
    createdAtMs: readMoment(fields, 'createdAtMs'),
    expiresAtMs: fields['expiresAtMs'] === undefined ? undefined : readCount(fields, 'expiresAtMs'),
    exitCode: readCount(fields, 'exitCode'),
    durationMs: readCount(fields, 'durationMs'),
    origin: readOrigin(fields['origin']),
    outputs: readList(fields, 'outputs').map(readOutput),
    sizeBytes: readCount(fields, 'sizeBytes'),
    fileCount: readCount(fields, 'fileCount'),
    log: readReference(fields['log'], 'log'),
    notes: readReference(fields['notes'], 'notes'),
    fingerprint: readReference(fields['fingerprint'], 'fingerprint'),
    blobs: readList(fields, 'blobs').map((blob) => readDigest(blob, 'blobs')),
  }
}

type Fields = Readonly<Record<string, unknown>>

function readObject(text: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw damaged('it is not JSON', error)
  }
  return asFields(value, 'it')
}

function asFields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw damaged(`${what} is not an object`)
  return value as Fields
}

function readText(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string') throw damaged(`"${name}" is not a string`)
  return value
}

function readCount(fields: Fields, name: string): number {
  const value = fields[name]
  if (typeof value !== 'number' || !(value >= 0) || !Number.isFinite(value))
    throw damaged(`"${name}" is not a count`)
  return value
}

function readMoment(fields: Fields, name: string): number {
  const value = readCount(fields, name)
  if (!isMoment(value)) throw damaged(`"${name}" is not a time`)
  return value
}

function readList(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name]
  if (!Array.isArray(value)) throw damaged(`"${name}" is not a list`)
  return value
}

function readDigest(value: unknown, name: string): Digest {
  if (typeof value !== 'string' || !isDigest(value)) throw damaged(`"${name}" is not a digest`)
  return value
}

function readReference(value: unknown, name: string): ContentReference | undefined {
  if (value === undefined) return undefined
  const fields = asFields(value, `"${name}"`)
  return { digest: readDigest(fields['digest'], name), sizeBytes: readCount(fields, 'sizeBytes') }
}

function readOrigin(value: unknown): Origin {
  const fields = asFields(value, '"origin"')
  const named = ['branch', 'commit', 'platform', 'user'].filter(
    (name) => fields[name] !== undefined,
  )
  return Object.fromEntries(named.map((name) => [name, readText(fields, name)]))
}

function readOutput(value: unknown): OutputRoot {
  if (!Array.isArray(value) || value.length !== 2) throw damaged('an output is malformed')
  const [declaredAs, line] = value as readonly unknown[]
  if (typeof declaredAs !== 'string' || typeof line !== 'string')
    throw damaged('an output is malformed')
  return { declaredAs, entry: parseTreeEntry(line) }
}

function damaged(detail: string, cause?: unknown): TaskVaultError {
  return new TaskVaultError('ENTRY_DAMAGED', `A manifest is damaged: ${detail}`, { cause })
}
