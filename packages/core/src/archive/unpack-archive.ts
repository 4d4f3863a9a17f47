import {
  chmodSync,
  closeSync,
  fchmodSync,
  futimesSync,
  linkSync,
  lutimesSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { extract } from 'tar-stream'
import type { Entry, Headers } from 'tar-stream'
import { TaskVaultError, isTaskVaultError, systemErrorCode } from '../errors.ts'
import { ensureDirectory } from '../files/ensure-directory.ts'
import { decompress } from './decompress.ts'
import { createMemberPlaces } from './member-places.ts'
import type { FoundPlace, MemberPlace, MemberPlaces } from './member-places.ts'
import { refuseArchive } from './refuse-archive.ts'

export interface UnpackRules {
  /** By a member's name in the archive. */
  placeOf(name: string): MemberPlace
  /** Of what is unpacked, with what it takes to name it. */
  readonly limitBytes: number
}

export interface Unpacked {
  /** Where files and links are: absolute. */
  readonly leaves: ReadonlySet<string>
  /** Of all contents. */
  readonly sizeBytes: number
}

/**
 * Unpacks a tar archive, compressed with zstd or gzip, out of which nobody can lead: every member goes where
 * the rules say, and there are only files, directories and links. A member behind a link that came before,
 * as actions/cache makes them, goes to where the link leads, by the same rules.
 * @throws {TaskVaultError} ENTRY_DAMAGED, ENTRY_TOO_LARGE; what `pieces` throws.
 */
export async function unpackArchive(
  pieces: AsyncIterable<Uint8Array>,
  rules: UnpackRules,
): Promise<Unpacked> {
  const unpacking: Unpacking = {
    places: createMemberPlaces((name) => rules.placeOf(name)),
    limitBytes: rules.limitBytes,
    leaves: new Set(),
    made: new Set(),
    directories: [],
    namesBytes: 0,
    sizeBytes: 0,
  }
  let failure: unknown
  const archive = extract()
  const source: Readable = await decompress(watched(pieces, (error) => (failure = error)))
  source.on('error', (error) => archive.destroy(error))
  source.pipe(archive)
  try {
    for await (const entry of archive) await unpackMember(entry, unpacking)
    // A directory that nobody may write to is made so when all is in it, and has its time then.
    for (const { place, header } of unpacking.directories.toReversed()) {
      utimesSync(place, ...timesOf(header))
      chmodSync(place, modeOf(header))
    }
  } catch (error) {
    if (failure !== undefined) throw failure
    throw isTaskVaultError(error) ? error : refuseArchive(String(error))
  } finally {
    source.destroy()
  }
  return unpacking
}

/** Of each member, be it ever so small: nobody makes names without end. */
const HEADER_BYTES = 512

interface Unpacking extends Unpacked {
  readonly places: MemberPlaces
  readonly limitBytes: number
  readonly leaves: Set<string>
  readonly made: Set<string>
  readonly directories: { readonly place: string; readonly header: Headers }[]
  namesBytes: number
  sizeBytes: number
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
  unpacking.namesBytes += HEADER_BYTES
  checkSize(unpacking)
  checkName(header.name)
  checkName(header.linkname ?? '')
  const found = unpacking.places.find(header.name)
  if (found === undefined) return void entry.resume()
  makeDirectory(dirname(found.place), unpacking)
  const { type = 'file' } = header
  if (type === 'file' || type === 'contiguous-file')
    return await writeMember(entry, found.place, unpacking)
  if (type === 'directory') addDirectory(header, found.place, unpacking)
  else if (type === 'symlink') addLink(header, found, unpacking)
  else if (type === 'link') addName(header, found.place, unpacking)
  else throw refuseArchive(`${header.name} is not a file, directory or link`)
  entry.resume()
}

async function writeMember(entry: Entry, place: string, unpacking: Unpacking): Promise<void> {
  const file = inPlaceOf(place, () => openSync(place, 'wx', 0o600))
  try {
    for await (const piece of entry) {
      unpacking.sizeBytes += piece.length
      checkSize(unpacking)
      for (let at = 0; at < piece.length;) at += writeSync(file, piece, at)
    }
    futimesSync(file, ...timesOf(entry.header))
    fchmodSync(file, modeOf(entry.header))
  } finally {
    closeSync(file)
  }
  unpacking.leaves.add(place)
}

function addDirectory(header: Headers, place: string, unpacking: Unpacking): void {
  // Its mode and its time would be given to what the link names.
  checkNoLink(place, unpacking)
  makeDirectory(place, unpacking)
  unpacking.directories.push({ place, header })
}

function addLink(header: Headers, found: FoundPlace, { places, leaves }: Unpacking): void {
  const { place } = found
  const leadsTo = header.linkname ?? ''
  inPlaceOf(place, () => symlinkSync(leadsTo, place))
  lutimesSync(place, ...timesOf(header))
  places.addLink(found, leadsTo)
  leaves.add(place)
}

function addName(header: Headers, place: string, unpacking: Unpacking): void {
  const { places, leaves } = unpacking
  const target = places.find(header.linkname ?? '')?.place
  // What actions/cache has found twice comes as another name of itself, be it a file or a link.
  if (target === place && places.isLink(place)) return
  if (target === undefined || !leaves.has(target))
    throw refuseArchive(`${header.name} is a second name of nothing that came before`)
  // A second name of a link would be one that nobody knows of.
  checkNoLink(target, unpacking)
  if (target === place) return
  inPlaceOf(place, () => linkSync(target, place))
  leaves.add(place)
}

function checkNoLink(place: string, { places }: Unpacking): void {
  if (places.isLink(place)) throw refuseArchive(`${basename(place)} has been a link before`)
}

/** Files come by directories: few of them have to be asked for. */
function makeDirectory(place: string, { made }: Unpacking): void {
  if (made.has(place)) return
  ensureDirectory(place)
  made.add(place)
}

/** A member that comes twice: the last one counts. */
function inPlaceOf<Made>(place: string, make: () => Made): Made {
  try {
    return make()
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
    rmSync(place)
    return make()
  }
}

/** What stands in a text for bytes that say nothing in UTF-8: the name itself is lost. */
const UNREADABLE = '\uFFFD'

function checkName(name: string): void {
  if (name.includes(UNREADABLE)) throw refuseArchive(`${name} is not UTF-8`)
}

function modeOf({ mode = 0o644 }: Headers): number {
  return mode & 0o777
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

function checkSize({ namesBytes, sizeBytes, limitBytes }: Unpacking): void {
  if (namesBytes + sizeBytes > limitBytes) throw tooLarge(limitBytes)
}

function tooLarge(limitBytes: number): TaskVaultError {
  return new TaskVaultError('ENTRY_TOO_LARGE', `An archive has more than ${limitBytes} bytes`)
}
