import { readFileSync, readdirSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { openHashAlgorithm } from '@taskvault/core'

/*
 * Entries that no save makes, in a shared folder of which somebody has got hold: every digest is right.
 * Written by docs/store-format.md, without the code that reads it.
 */

const algorithm = await openHashAlgorithm('blake3')

type Fields = Readonly<Record<string, unknown>>

export interface Forgery {
  /** Contents of the entry, besides its manifest. */
  readonly contents: readonly Buffer[]
  /** Of the manifest, in the place of what an honest one says. */
  readonly fields: Fields
}

export function digestOf(content: string | Buffer): string {
  return Buffer.from(algorithm.hash(Buffer.from(content as string))).toString('hex')
}

/** The record of the only entry in a shared folder. */
export function readRecord(share: string): { readonly file: string; readonly record: Fields } {
  const entries = path.join(share, 'v1/entries')
  const [name = ''] = readdirSync(entries, { recursive: true, encoding: 'utf8' }).filter((each) =>
    each.endsWith('.json'),
  )
  const file = path.join(entries, name)
  return { file, record: JSON.parse(readFileSync(file, 'utf8')) as Fields }
}

/** Puts a forged entry in the place of the only one in a shared folder. */
export function forgeEntry(share: string, { contents, fields }: Forgery): void {
  const { file, record } = readRecord(share)
  const { task, key, origin } = record
  const honest = { task, key, scope: 'local', createdAtMs: 1, exitCode: 0, durationMs: 9, origin }
  const manifest = { ...honest, sizeBytes: 1e6, fileCount: 1e4, blobs: [], ...fields }
  const blob = encodeManifestBlob([Buffer.from(JSON.stringify(manifest)), ...contents])
  const digest = digestOf(blob)
  const directory = path.join(share, 'v1/blobs/blake3', digest.slice(0, 2))
  mkdirSync(directory, { recursive: true })
  writeFileSync(path.join(directory, digest), blob)
  const named = { name: `blake3-${digest}`, sizeBytes: blob.length }
  writeFileSync(file, JSON.stringify({ ...record, manifest: named, packs: [] }))
}

/** One frame, stored as it is, and an index that was not compressed. */
function encodeManifestBlob(contents: readonly Buffer[]): Buffer {
  const raw = Buffer.concat(contents)
  let offset = 0
  const places = contents.map((bytes) => {
    offset += bytes.length
    return Buffer.concat([
      Buffer.from(digestOf(bytes), 'hex'),
      numbers(0, offset - bytes.length, bytes.length),
    ])
  })
  const frame = Buffer.concat([numbers(1, raw.length, raw.length), Buffer.of(0)])
  const index = Buffer.concat([frame, numbers(contents.length), ...places, numbers(0)])
  const header = Buffer.from('taskvault-manifest 1 blake3\n')
  const trailer = Buffer.concat([numbers(index.length, index.length), Buffer.from('TVINDEX1')])
  return Buffer.concat([header, raw, index, trailer])
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value, at * 4)
  return bytes
}
