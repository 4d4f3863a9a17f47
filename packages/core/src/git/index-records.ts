import { isUtf8 } from 'node:buffer'
import type { FileInput } from '../model/fingerprint.ts'
import { decodePath } from './parse-index.ts'

/*
 * Files in the index as one buffer: for each a byte for its kind, the blob's id, two zeros, its path and a
 * zero, in the order of the paths' bytes. Twenty thousand files as objects take longer to make than all that
 * is done before a hit, and mostly one question is asked of them: whether they are the same as before.
 */

export interface RecordRequest {
  /** 20 in repositories of SHA-1, 32 in those of SHA-256. */
  readonly idBytes: number
  /** Paths outside of it are left out, and lose it otherwise: empty, or with `/` at its end. */
  readonly prefix: string
  /** Whether a file counts, by its path without the prefix. */
  selects(relativePath: string): boolean
  /** Whether all files below a directory count, or none does, whatever their names. */
  selectsBelow(relativePath: string): 'all' | 'none' | 'each'
  /** Whether a submodule may hold files that count. */
  mayContain(relativePath: string): boolean
}

/** One file or symlink of the index. */
export interface FileRecord {
  /** Relative to the project root, with `/`. */
  readonly relativePath: string
  readonly kind: FileInput['kind']
  /** Hexadecimal. */
  readonly blobId: string
}

/** `isUtf8`: whether the path is an exact name. */
export type DecodedRecord = FileRecord & { readonly isUtf8: boolean }

const HEADER_BYTES = 12
const EXTENSION_HEADER_BYTES = 8
const MODE_AT = 24
const ID_AT = 40
/** In the last but one byte of a mode. */
const TYPE_MASK = 0o360
const SUBMODULE = 0o340
const SYMLINK = 0o240
const LONG_NAME = 0xfff
/** In the first byte of the flags; the last one in that of the flags that follow. */
const EXTENDED_FLAG = 0x40
const STAGE_MASK = 0x30
const INTENT_TO_ADD_FLAG = 0x20
const KINDS: readonly FileInput['kind'][] = ['file', 'executable', 'symlink']

/**
 * The records of the files that count. Undefined for an index that takes more than one look at each
 * entry: of version 4, sparse or split, damaged, with conflicts, with submodules that may count, or
 * with names that are no UTF-8. `parseIndex` and git know how to read those.
 */
export function readIndexRecords(bytes: Buffer, request: RecordRequest): Buffer | undefined {
  const version = bytes.length > HEADER_BYTES ? bytes.readUInt32BE(4) : 0
  if (bytes.toString('latin1', 0, 4) !== 'DIRC' || (version !== 2 && version !== 3))
    return undefined
  const read = readEntries(bytes, request)
  if (read === undefined) return undefined
  return isWhole(bytes, read.end, request.idBytes) ? read.records : undefined
}

/*
 * Single bytes, and a loop that makes as little as it can: this code runs once, and mostly before the
 * compiler has had a look at it, when every call into the runtime and every object shows. So a directory
 * that is decided as a whole is told by its first bytes, which all of its files have.
 */
function readEntries(
  bytes: Buffer,
  { idBytes, prefix, ...request }: RecordRequest,
): { records: Buffer; end: number } | undefined {
  const last = bytes.length - idBytes
  const target = Buffer.allocUnsafe(bytes.length)
  const prefixBytes = Buffer.byteLength(prefix)
  const whole = createWholeDirectory(bytes, prefixBytes, request)
  let end = 0
  let at = HEADER_BYTES
  for (let left = bytes.readUInt32BE(8); left > 0; left -= 1) {
    const idAt = at + ID_AT
    const flagsAt = idAt + idBytes
    if (flagsAt + 4 > last) return undefined
    const flags = bytes[flagsAt] as number
    if ((flags & STAGE_MASK) !== 0) return undefined
    const nameAt = flagsAt + ((flags & EXTENDED_FLAG) === 0 ? 2 : 4)
    const length = ((flags & 0xf) << 8) | (bytes[flagsAt + 1] as number)
    const nameEnd = length < LONG_NAME ? nameAt + length : bytes.indexOf(0, nameAt)
    if (nameEnd < nameAt || nameEnd >= last) return undefined
    const modeAt = at + MODE_AT
    // Entries are padded with 1 to 8 zeros to a multiple of 8 bytes.
    at += (nameEnd - at + 8) & ~7
    const isExtended = nameAt !== flagsAt + 2
    if (isExtended && ((bytes[flagsAt + 2] as number) & INTENT_TO_ADD_FLAG) !== 0) continue
    const type = (bytes[modeAt + 2] as number) & TYPE_MASK
    let decision = whole.decide(nameAt)
    if (decision === 'each') {
      const name = decodeName(bytes, nameAt, nameEnd)
      if (name === undefined) return undefined
      if (!name.startsWith(prefix)) continue
      const relativePath = prefixBytes === 0 ? name : name.slice(prefix.length)
      if (type !== SUBMODULE) decision = request.selects(relativePath) ? 'all' : 'none'
      else if (request.mayContain(relativePath)) return undefined
      whole.learn(relativePath, nameAt)
    } else if (type === SUBMODULE && decision === 'all') return undefined
    if (decision !== 'all' || type === SUBMODULE) continue
    target[end++] = type === SYMLINK ? 2 : ((bytes[modeAt + 3] as number) & 0o100) >> 6
    const flagsEnd = end + idBytes
    if (isExtended || prefixBytes > 0) {
      bytes.copy(target, end, idAt, flagsAt)
      end = flagsEnd + 2 + bytes.copy(target, flagsEnd + 2, nameAt + prefixBytes, nameEnd + 1)
    } else end += bytes.copy(target, end, idAt, nameEnd + 1)
    // Flags lie between them, and say nothing of the file.
    target[flagsEnd] = 0
    target[flagsEnd + 1] = 0
  }
  return { records: target.subarray(0, end), end: at }
}

interface WholeDirectory {
  /** What holds for a name because of the directory that was decided last; `each`: it is in another one. */
  decide(nameAt: number): 'all' | 'none' | 'each'
  /** Looks whether a directory that a path lies in can be decided as a whole. */
  learn(relativePath: string, nameAt: number): void
}

/** Directories further down are told file by file: most patterns begin with one of the first. */
const DECIDED_DEPTH = 2

function createWholeDirectory(
  bytes: Buffer,
  prefixBytes: number,
  { selectsBelow }: Pick<RecordRequest, 'selectsBelow'>,
): WholeDirectory {
  // What never counts may lie at any depth; where there is such a thing, each path is looked at.
  const isOff = bytes.includes('/.taskvault')
  let decision: 'all' | 'none' | 'each' = 'each'
  let from = 0
  let length = 0
  return {
    decide(nameAt) {
      if (decision === 'each') return 'each'
      for (let at = 0; at < length; at += 1) {
        if (bytes[from + at] !== bytes[nameAt + at]) return 'each'
      }
      return decision
    },
    learn(relativePath, nameAt) {
      decision = 'each'
      if (isOff) return
      let slash = relativePath.indexOf('/')
      for (let depth = 0; depth < DECIDED_DEPTH && slash > 0; depth += 1) {
        const directory = relativePath.slice(0, slash)
        decision = selectsBelow(directory)
        if (decision !== 'each') {
          from = nameAt
          length = prefixBytes + Buffer.byteLength(directory) + 1
          return
        }
        slash = relativePath.indexOf('/', slash + 1)
      }
    },
  }
}

/** Most names are ASCII, of which every byte is a character. Undefined: no UTF-8. */
function decodeName(bytes: Buffer, start: number, end: number): string | undefined {
  const name = bytes.toString('latin1', start, end)
  if (!NOT_ASCII.test(name)) return name
  const piece = bytes.subarray(start, end)
  return isUtf8(piece) ? piece.toString('utf8') : undefined
}

const NOT_ASCII = /[\x80-\xff]/

/** An extension whose name begins with a small letter changes what the entries mean. */
function isWhole(bytes: Buffer, start: number, idBytes: number): boolean {
  let at = start
  while (at < bytes.length - idBytes) {
    if (!/^[A-Z]/.test(bytes.toString('latin1', at, at + 1))) return false
    at += EXTENSION_HEADER_BYTES + bytes.readUInt32BE(at + 4)
  }
  return at === bytes.length - idBytes
}

/** The same records of files that were found another way. */
export function encodeRecords(files: readonly FileRecord[]): Buffer {
  const pieces = files.map(({ kind, blobId, relativePath }) =>
    Buffer.concat([
      Buffer.of(KINDS.indexOf(kind)),
      Buffer.from(blobId, 'hex'),
      Buffer.from(`\0\0${relativePath}\0`),
    ]),
  )
  return Buffer.concat(pieces)
}

export function decodeRecords(records: Buffer, idBytes: number): DecodedRecord[] {
  const files: DecodedRecord[] = []
  for (let at = 0; at < records.length;) {
    const idEnd = at + 1 + idBytes
    const pathAt = idEnd + 2
    const end = records.indexOf(0, pathAt)
    const kind = KINDS[records[at] as number]
    if (kind === undefined || end === -1) throw new Error('records are what readIndexRecords wrote')
    const { path: relativePath, isUtf8: isName } = decodePath(records.subarray(pathAt, end))
    files.push({
      kind,
      blobId: records.toString('hex', at + 1, idEnd),
      relativePath,
      isUtf8: isName,
    })
    at = end + 1
  }
  return files
}
