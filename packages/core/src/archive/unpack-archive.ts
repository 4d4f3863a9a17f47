import {
  chmodSync,
  closeSync,
  linkSync,
  lutimesSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, posix, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { extract } from 'tar-stream'
import type { Entry, Headers } from 'tar-stream'
import { TaskVaultError, isTaskVaultError } from '../errors.ts'
import { ensureDirectory } from '../files/ensure-directory.ts'
import { decompress } from './decompress.ts'

export interface UnpackRules {
  /** By a member's name in the archive. */
  placeOf(name: string): MemberPlace
  /** Of what is unpacked, with what it takes to name it. */
  readonly limitBytes: number
}

/** Where a member goes: to a path within a directory that was empty, or nowhere; or no archive may have it. */
export type MemberPlace =
  | { readonly kind: 'at'; readonly absolutePath: string }
  | { readonly kind: 'left-out' }
  | { readonly kind: 'outside' }

/**
 * Unpacks a tar archive, compressed with zstd or gzip, out of which nobody can lead: every member goes where
 * the rules say, and there are only files, directories and links. A member behind a link that came before,
 * as actions/cache makes them, goes to where the link leads, by the same rules.
 * @throws {TaskVaultError} ENTRY_DAMAGED, ENTRY_TOO_LARGE; what `pieces` throws.
 */
export async function unpackArchive(
  pieces: AsyncIterable<Uint8Array>,
  rules: UnpackRules,
): Promise<void> {
  const unpacking: Unpacking = {
    rules,
    files: new Set(),
    links: new Map(),
    made: new Set(),
    directories: [],
    leftBytes: rules.limitBytes,
  }
  let failure: unknown
  const archive = extract()
  const source: Readable = await decompress(watched(pieces, (error) => (failure = error)))
  source.on('error', (error) => archive.destroy(error))
  source.pipe(archive)
  try {
    for await (const entry of archive) await unpackMember(entry, unpacking)
    // A directory that nobody may write to is made so when all is in it, and has its time then.
    for (const { place, header } of unpacking.directories.toReversed()) finish(place, header)
  } catch (error) {
    if (failure !== undefined) throw failure
    throw isTaskVaultError(error) ? error : damaged(String(error))
  } finally {
    source.destroy()
  }
}

/** Of each member, be it ever so small: nobody makes names without end. */
const HEADER_BYTES = 512

interface Unpacking {
  readonly rules: UnpackRules
  readonly files: Set<string>
  /**
   * By their places, as file systems compare names that tell neither cases nor compositions apart: what they
   * lead to, as a member would be named.
   */
  readonly links: Map<string, string>
  readonly made: Set<string>
  readonly directories: { readonly place: string; readonly header: Headers }[]
  leftBytes: number
}

async function* watched(
  pieces: AsyncIterable<Uint8Array>,
  onFailure: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces
  } catch (error) {
    onFailure(error)
    throw error
  }
}

async function unpackMember(entry: Entry, unpacking: Unpacking): Promise<void> {
  const { header } = entry
  count(HEADER_BYTES, unpacking)
  const found = findPlace(header.name, unpacking)
  if (found === undefined) return void entry.resume()
  const { place, name } = found
  makeDirectory(dirname(place), unpacking)
  const { type = 'file' } = header
  if (type === 'file' || type === 'contiguous-file')
    return await writeMember(entry, place, unpacking)
  if (type === 'directory') {
    // Its mode and its time would be given to what the link names.
    checkNoLink(place, unpacking)
    makeDirectory(place, unpacking)
    unpacking.directories.push({ place, header })
  } else if (type === 'symlink') {
    makeWay(place)
    const linkname = header.linkname ?? ''
    symlinkSync(linkname, place)
    lutimesSync(place, ...timesOf(header))
    const leadsTo = posix.isAbsolute(linkname) ? linkname : posix.join(dirname(name), linkname)
    unpacking.links.set(comparable(place), leadsTo)
  } else if (type === 'link') {
    linkMember(header, place, unpacking)
  } else {
    throw damaged(`${header.name} is not a file, directory or link`)
  }
  entry.resume()
}

/** Links that lead to links; more are a circle. */
const MOST_LINKS = 40

interface FoundPlace {
  readonly place: string
  /** Of a member that would go there without a link. */
  readonly name: string
}

/** Undefined: it is passed over. */
function findPlace(given: string, { rules, links }: Unpacking): FoundPlace | undefined {
  let name = given
  for (let followed = 0; followed < MOST_LINKS; followed += 1) {
    const found = rules.placeOf(name)
    if (found.kind === 'left-out') return undefined
    if (found.kind === 'outside') throw outside(given, { isBehindLink: followed > 0 })
    const place = found.absolutePath
    const link = findLinkAbove(place, links)
    if (link === undefined) return { place, name }
    name = link.leadsTo + place.slice(link.place.length).split(sep).join('/')
  }
  throw outside(given, { isBehindLink: true })
}

function findLinkAbove(
  place: string,
  links: Unpacking['links'],
): { readonly place: string; readonly leadsTo: string } | undefined {
  if (links.size === 0) return undefined
  for (let above = dirname(place); above !== dirname(above); above = dirname(above)) {
    const leadsTo = links.get(comparable(above))
    if (leadsTo !== undefined) return { place: above, leadsTo }
  }
  return undefined
}

function checkNoLink(place: string, { links }: Unpacking): void {
  if (links.has(comparable(place))) throw damaged(`${basename(place)} has been a link before`)
}

async function writeMember(entry: Entry, place: string, unpacking: Unpacking): Promise<void> {
  makeWay(place)
  const file = openSync(place, 'wx', 0o600)
  try {
    for await (const piece of entry) {
      count(piece.length, unpacking)
      for (let at = 0; at < piece.length;) at += writeSync(file, piece, at)
    }
  } finally {
    closeSync(file)
  }
  finish(place, entry.header)
  unpacking.files.add(place)
}

function linkMember(header: Headers, place: string, unpacking: Unpacking): void {
  const target = findPlace(header.linkname ?? '', unpacking)?.place
  // What actions/cache has found twice comes as another name of itself, be it a file or a link.
  if (target === place && unpacking.links.has(comparable(place))) return
  if (target === undefined || !unpacking.files.has(target))
    throw damaged(`${header.name} is a second name of nothing that came before`)
  // A second name of a link would be one that nobody knows of.
  checkNoLink(target, unpacking)
  if (target === place) return
  makeWay(place)
  linkSync(target, place)
  unpacking.files.add(place)
}

/** Files come by directories: few of them have to be asked for. */
function makeDirectory(place: string, { made }: Unpacking): void {
  if (made.has(place)) return
  ensureDirectory(place)
  made.add(place)
}

/** A member that comes twice: the last one counts. */
function makeWay(place: string): void {
  rmSync(place, { force: true })
}

function finish(place: string, header: Headers): void {
  utimesSync(place, ...timesOf(header))
  chmodSync(place, (header.mode ?? 0o644) & 0o777)
}

/** With fractions of seconds, where an archive has them. */
function timesOf({
  mtime,
  pax,
}: Headers & { readonly pax?: Readonly<Record<string, string>> | null }): [number, number] {
  const precise = Number.parseFloat(pax?.['mtime'] ?? '')
  const seconds = Number.isFinite(precise) ? precise : (mtime?.getTime() ?? 0) / 1000
  return [seconds, seconds]
}

function count(bytes: number, unpacking: Unpacking): void {
  unpacking.leftBytes -= bytes
  if (unpacking.leftBytes < 0) throw tooLarge(unpacking.rules.limitBytes)
}

function comparable(place: string): string {
  return place.normalize('NFC').toLowerCase()
}

function outside(
  name: string,
  { isBehindLink }: { readonly isBehindLink: boolean },
): TaskVaultError {
  return damaged(`${name} ${isBehindLink ? 'is behind a link' : 'is'} outside the declared paths`)
}

function damaged(detail: string): TaskVaultError {
  return new TaskVaultError('ENTRY_DAMAGED', `An archive was refused: ${detail}`)
}

function tooLarge(limitBytes: number): TaskVaultError {
  return new TaskVaultError('ENTRY_TOO_LARGE', `An archive has more than ${limitBytes} bytes`)
}
