import { TaskVaultError } from '../errors.ts'

/**
 * What a command wrote to files of the CI system that ran it: the bytes, by the name of the variable that holds the
 * file's path, such as GITHUB_OUTPUT. Only that system understands them.
 */
export type Notes = ReadonlyMap<string, Uint8Array>

/** More than any CI system takes from one step. */
export const MOST_NOTE_BYTES: number = 4 * 1024 * 1024

/** How many bytes there are in all. */
export function countNoteBytes(notes: Notes): number {
  return [...notes.values()].reduce((sum, bytes) => sum + bytes.length, 0)
}

/** Whether one of the texts stands in the notes. */
export function areNotesSecret(notes: Notes, secrets: readonly string[]): boolean {
  const contents = [...notes.values()].map((bytes) => Buffer.from(bytes))
  return secrets.some((secret) => contents.some((bytes) => bytes.includes(secret)))
}

/** JSON text, the same for the same notes. That nothing was written is something to be known, too. */
export function encodeNotes(notes: Notes): Buffer {
  const texts = [...notes]
    .filter(([, bytes]) => bytes.length > 0)
    .map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Buffer.from(`${JSON.stringify(Object.fromEntries(texts))}\n`)
}

/**
 * Reads notes, trusting nothing.
 * @throws {TaskVaultError} ENTRY_DAMAGED when they are not what `encodeNotes` writes, or too many.
 */
export function parseNotes(encoded: Uint8Array): Notes {
  if (encoded.length > 2 * MOST_NOTE_BYTES) throw damaged()
  const fields = parseObject(Buffer.from(encoded).toString('utf8'))
  const notes = new Map(
    Object.entries(fields).map(([name, value]) => {
      if (typeof value !== 'string') throw damaged()
      return [name, Buffer.from(value, 'base64')] as const
    }),
  )
  // Base64 is read leniently: what does not come out as it went in was never written by us.
  if (countNoteBytes(notes) > MOST_NOTE_BYTES || !encodeNotes(notes).equals(encoded))
    throw damaged()
  return notes
}

function parseObject(text: string): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw damaged(error)
  }
  if (typeof value !== 'object' || value === null) throw damaged()
  return value
}

function damaged(cause?: unknown): TaskVaultError {
  return new TaskVaultError('ENTRY_DAMAGED', 'Recorded notes are damaged', { cause })
}
