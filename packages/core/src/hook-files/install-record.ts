import { createHash } from 'node:crypto'
import { join } from 'node:path'

/** Times of a path before an installation, and after it, as `stat` says them. */
export interface TouchedPath {
  readonly path: string
  readonly beforeMs: number
  /** What it must still be for the earlier time to be put back: nobody else wrote since. */
  readonly afterMs: number
}

/**
 * What only an installation knows, and undoing it needs. Lost, the hooks can still be removed. Paths
 * are absolute: in a repository that was moved, what they say holds for nothing any more.
 */
export interface InstallRecord {
  readonly format: 1
  readonly version: string
  /** Where hook files were put; undefined when the configuration names the hooks. */
  readonly directory: string | undefined
  /** Directories that were not there, outermost first. */
  readonly created: readonly string[]
  readonly touched: readonly TouchedPath[]
  /** The repository's configuration, byte by byte, where hooks were added to it. */
  readonly configuration:
    | { readonly beforeBase64: string; readonly afterSha256: string }
    | undefined
}

/** Our own directory in a repository: scripts of configured hooks, and the record. */
export function ownDirectoryIn(commonDirectory: string): string {
  return join(commonDirectory, 'taskvault')
}

export function recordPathIn(commonDirectory: string): string {
  return join(ownDirectoryIn(commonDirectory), 'hooks.json')
}

export function scriptsDirectoryIn(commonDirectory: string): string {
  return join(ownDirectoryIn(commonDirectory), 'hooks')
}

export function renderRecord(record: InstallRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`
}

/** Undefined for anything that `renderRecord` did not write; it is then as if it were lost. */
export function parseRecord(text: string | undefined): InstallRecord | undefined {
  if (text === undefined) return undefined
  try {
    const found: unknown = JSON.parse(text)
    const isOurs = typeof found === 'object' && found !== null && 'format' in found
    // Only this version's own form is read; we are the only ones who write the file.
    return isOurs && found.format === 1 ? (found as InstallRecord) : undefined
  } catch {
    return undefined
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
