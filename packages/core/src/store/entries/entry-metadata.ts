import type { Manifest, Origin } from '../../model/manifest.ts'

/** What the index keeps of a manifest for lists, so that they need not open it. */
export interface EntryMetadata {
  readonly fileCount: number
  readonly exitCode: number
  readonly durationMs: number
  readonly origin: Origin
}

/** One text for the same metadata, whatever order its fields were set in: verification compares texts. */
export function encodeEntryMetadata(manifest: Manifest): string {
  const { fileCount, exitCode, durationMs, origin } = manifest
  const { branch, commit, platform, user } = origin
  const ordered = { branch, commit, platform, user }
  return JSON.stringify({ fileCount, exitCode, durationMs, origin: ordered })
}

/** What is damaged is left out: nothing is decided by it, and the manifest has it too. */
export function parseEntryMetadata(text: string): EntryMetadata {
  const fields = readObject(text)
  const origin = asObject(fields['origin'])
  return {
    fileCount: readNumber(fields['fileCount']),
    exitCode: readNumber(fields['exitCode']),
    durationMs: readNumber(fields['durationMs']),
    origin: Object.fromEntries(
      ['branch', 'commit', 'platform', 'user']
        .map((name) => [name, origin[name]])
        .filter(([, value]) => typeof value === 'string'),
    ) as Origin,
  }
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return {}
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function readNumber(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
