import { TaskVaultError } from '../errors.ts'
import { isDigest } from './digest.ts'
import type { Digest } from './digest.ts'

/** What one name in a directory is. Nothing else is ever saved or restored. */
export type TreeEntry = FileEntry | DirectoryEntry | SymlinkEntry

interface NamedEntry {
  /** One path segment. */
  readonly name: string
  /** Time of last change in microseconds since 1970: what survives a round trip through `utimes`. */
  readonly mtimeUs: number
}

export interface FileEntry extends NamedEntry {
  readonly kind: 'file'
  /** Permission bits, 0 to 0o777. */
  readonly mode: number
  readonly sizeBytes: number
  readonly digest: Digest
}

export interface DirectoryEntry extends NamedEntry {
  readonly kind: 'directory'
  readonly mode: number
  /** Digest of the directory's own encoded tree node. */
  readonly digest: Digest
}

export interface SymlinkEntry extends NamedEntry {
  readonly kind: 'symlink'
  readonly target: string
}

/**
 * One directory as text, a line for each name in the order of UTF-16 code units. A directory's line
 * holds the digest of its own node, so equal subtrees are stored and compared once.
 */
export function encodeTreeNode(entries: readonly TreeEntry[]): string {
  let text = ''
  for (const entry of entries) text += `${encodeTreeEntry(entry)}\n`
  return text
}

/** One line of a node, without its line feed. */
export function encodeTreeEntry(entry: TreeEntry): string {
  const name = escapeField(entry.name)
  switch (entry.kind) {
    case 'file':
      return `f\t${entry.mode.toString(8)}\t${entry.sizeBytes}\t${entry.mtimeUs}\t${entry.digest}\t${name}`
    case 'directory':
      return `d\t${entry.mode.toString(8)}\t-\t${entry.mtimeUs}\t${entry.digest}\t${name}`
    case 'symlink':
      return `l\t-\t-\t${entry.mtimeUs}\t${escapeField(entry.target)}\t${name}`
  }
}

/**
 * Reads a node, trusting nothing: names are single segments in strictly ascending order.
 * @throws {TaskVaultError} ENTRY_DAMAGED when any line is not what `encodeTreeNode` writes.
 */
export function parseTreeNode(text: string): TreeEntry[] {
  if (text === '') return []
  if (!text.endsWith('\n')) throw damaged('the last line is cut off')
  const entries = text.slice(0, -1).split('\n').map(parseTreeEntry)
  for (let index = 1; index < entries.length; index += 1) {
    const before = entries[index - 1]
    const after = entries[index]
    if (before === undefined || after === undefined || before.name >= after.name) {
      throw damaged('its names are not in order')
    }
  }
  return entries
}

/** @throws {TaskVaultError} ENTRY_DAMAGED when the line is malformed or its name is not one segment. */
export function parseTreeEntry(line: string): TreeEntry {
  const fields = line.split('\t')
  const [kind, modeText = '', sizeText = '', mtimeText = '', value = '', escapedName = ''] = fields
  if (fields.length !== 6) throw damaged('a line does not have six fields')
  const name = unescapeField(escapedName)
  if (!isPathSegment(name)) throw damaged(`${JSON.stringify(name)} is not a file name`)
  const mtimeUs = Number(mtimeText)
  if (!Number.isSafeInteger(mtimeUs)) throw damaged('a time is malformed')
  if (kind === 'l') {
    const target = unescapeField(value)
    if (target === '' || target.includes('\0')) throw damaged('a link has no usable target')
    return { kind: 'symlink', name, mtimeUs, target }
  }
  if (!/^[0-7]{1,3}$/.test(modeText))
    throw damaged(`mode ${JSON.stringify(modeText)} is not allowed`)
  if (!isDigest(value)) throw damaged('a digest is malformed')
  const mode = Number.parseInt(modeText, 8)
  if (kind === 'd') return { kind: 'directory', name, mode, mtimeUs, digest: value }
  const sizeBytes = Number(sizeText)
  if (kind !== 'f' || !/^\d{1,15}$/.test(sizeText)) throw damaged('a line is malformed')
  return { kind: 'file', name, mode, sizeBytes, mtimeUs, digest: value }
}

/** Whether `name` can name one thing in one directory, and nothing anywhere else. */
export function isPathSegment(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)
}

const WINDOWS_DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i

/**
 * Whether Windows takes `name` for something else than a name in this directory: a backslash separates, a
 * colon leads to another drive or stream, dots and spaces at the end are dropped, devices are everywhere.
 */
export function isOddOnWindows(name: string): boolean {
  // Control characters are refused by Windows itself.
  return /[\\:*?"<>|]|[. ]$/.test(name) || WINDOWS_DEVICE.test(name)
}

/** @throws {TaskVaultError} NAME_UNSUPPORTED when Windows takes `name` for something else. */
export function checkWindowsName(name: string): void {
  if (!isOddOnWindows(name)) return
  throw new TaskVaultError(
    'NAME_UNSUPPORTED',
    `Windows has no files named ${JSON.stringify(name)}`,
    {
      hint: 'The entry was saved on another system: rename the file there.',
    },
  )
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
}
const UNESCAPES: Readonly<Record<string, string>> = { '\\': '\\', t: '\t', n: '\n', r: '\r' }

/** Makes any text fit between tabs on one line. */
export function escapeField(text: string): string {
  return /[\\\t\n\r]/.test(text)
    ? text.replace(/[\\\t\n\r]/g, (char) => ESCAPES[char] ?? char)
    : text
}

/** @throws {TaskVaultError} ENTRY_DAMAGED when an escape is unknown. */
export function unescapeField(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(/\\(.?)/gs, (_, char: string) => {
    const plain = UNESCAPES[char]
    if (plain === undefined) throw damaged('an escape is unknown')
    return plain
  })
}

function damaged(detail: string): TaskVaultError {
  return new TaskVaultError('ENTRY_DAMAGED', `A tree node is damaged: ${detail}`)
}
