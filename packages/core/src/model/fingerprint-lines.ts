import { encodeFileInput } from './fingerprint.ts'
import type { FileInput } from './fingerprint.ts'
import { unescapeField } from './tree.ts'

/*
 * Fingerprints as they are stored, a line for each part. Two of the same task mostly differ in a few of tens
 * of thousands of lines: here these are found and replaced, and the others are never looked at one by one.
 */

const LINE_FEED = 0x0a
/** In the order of `encodeFingerprint`; files, of whatever kind, come last. */
const SECTIONS: readonly string[] = ['task', 'command', 'salt', 'content', 'outputs', 'env', 'tool']

/** What decides where a line stands. */
interface LinePlace {
  readonly section: number
  readonly name: string
}

/** A line of bytes without its line feed, as text. */
function placeOf(line: string): LinePlace {
  const [kind = '', , name = ''] = line.split('\t', 3)
  const section = SECTIONS.indexOf(kind)
  return { section: section === -1 ? SECTIONS.length : section, name: unescapeField(name) }
}

function comparePlaces(a: LinePlace, b: LinePlace): number {
  if (a.section !== b.section) return a.section - b.section
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

export interface DifferingLines {
  /** Lines of the first text, without line feeds, that the other one does not have at their place. */
  readonly before: readonly string[]
  readonly after: readonly string[]
}

/**
 * The lines in which two encoded fingerprints differ, their first lines aside. What stands in another place
 * than `encodeFingerprint` gives it may be listed on both sides.
 * @throws {TaskVaultError} ENTRY_DAMAGED when a line that differs has an unknown escape.
 */
export function findDifferingLines(before: Buffer, after: Buffer): DifferingLines {
  const lines = { before: new Array<string>(), after: new Array<string>() }
  let [a, b] = [lineEnd(before, 0), lineEnd(after, 0)]
  for (;;) {
    const equal = countEqual(before.subarray(a), after.subarray(b))
    // Back to where the line begins that the first difference is in: the same number of bytes in both.
    const whole = before.lastIndexOf(LINE_FEED, a + equal - 1) + 1
    b += Math.max(whole, a) - a
    a = Math.max(whole, a)
    const [left, right] = [readLine(before, a), readLine(after, b)]
    if (left === undefined && right === undefined) return lines
    const order = left && right ? comparePlaces(placeOf(left), placeOf(right)) : left ? -1 : 1
    if (order <= 0 && left !== undefined) {
      lines.before.push(left)
      a = lineEnd(before, a)
    }
    if (order >= 0 && right !== undefined) {
      lines.after.push(right)
      b = lineEnd(after, b)
    }
  }
}

/** One file of a fingerprint to be; without one, nothing is at the path any more. */
export interface FileChange {
  readonly relativePath: string
  readonly file: FileInput | undefined
}

/** An encoded fingerprint with other files; paths that are the same are listed once. */
export function replaceFiles(encoded: Buffer, changes: readonly FileChange[]): Buffer {
  const pieces: Buffer[] = []
  let done = 0
  const sorted = changes.toSorted((a, b) => (a.relativePath < b.relativePath ? -1 : 1))
  for (const { relativePath, file } of sorted) {
    const at = findPlace(encoded, { section: SECTIONS.length, name: relativePath })
    pieces.push(encoded.subarray(done, at))
    if (file !== undefined) pieces.push(Buffer.from(encodeFileInput(file)))
    const line = readLine(encoded, at)
    const isThere = line !== undefined && placeOf(line).name === relativePath
    done = isThere ? lineEnd(encoded, at) : at
  }
  return Buffer.concat([...pieces, encoded.subarray(done)])
}

/** Where the first line begins that does not stand before `place`; the length if all do. */
function findPlace(encoded: Buffer, place: LinePlace): number {
  let low = lineEnd(encoded, 0)
  let high = encoded.length
  while (low < high) {
    const middle = encoded.lastIndexOf(LINE_FEED, ((low + high) >>> 1) - 1) + 1
    const at = Math.max(low, middle)
    if (comparePlaces(placeOf(readLine(encoded, at) ?? ''), place) < 0) low = lineEnd(encoded, at)
    else high = at
  }
  return low
}

function readLine(bytes: Buffer, at: number): string | undefined {
  return at < bytes.length ? bytes.toString('utf8', at, lineEnd(bytes, at) - 1) : undefined
}

/** Behind the line feed of the line that begins at `at`. */
function lineEnd(bytes: Buffer, at: number): number {
  const end = bytes.indexOf(LINE_FEED, at)
  return end === -1 ? bytes.length : end + 1
}

const MOST_COMPARED_BYTES = 64 * 1024
const FEWEST_COMPARED_BYTES = 64

/** How many bytes are equal from the beginning on: large pieces are compared by one call each. */
function countEqual(a: Buffer, b: Buffer): number {
  const most = Math.min(a.length, b.length)
  let size = MOST_COMPARED_BYTES
  let at = 0
  while (at < most) {
    const end = Math.min(most, at + size)
    if (a.compare(b, at, end, at, end) === 0) at = end
    else if (size > FEWEST_COMPARED_BYTES) size >>= 2
    else break
  }
  while (at < most && a[at] === b[at]) at += 1
  return at
}
