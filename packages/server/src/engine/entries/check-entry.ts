import { TaskVaultError } from '@taskvault/core'
import type { NewEntry } from '../engine.ts'

const LONGEST_NAMESPACE = 256
const LONGEST_KEY = 512
const LONGEST_CONTENT = 512
const LARGEST_DETAILS = 16 * 1024
const MOST_BLOBS = 20_000
/** Sums of these are kept: larger ones could make a sum that no number holds. */
const LONGEST_MS = 366 * 24 * 3_600_000
const LARGEST_BYTES = 2 ** 44

/** @throws {TaskVaultError} REQUEST_INVALID when the entry is none that can be kept. */
export function checkEntry(entry: NewEntry): void {
  checkText('namespace', entry.namespace, LONGEST_NAMESPACE)
  checkText('key', entry.key, LONGEST_KEY)
  checkText('content', entry.content, LONGEST_CONTENT)
  checkNumber('durationMs', entry.durationMs, LONGEST_MS)
  checkNumber('sizeBytes', entry.sizeBytes, LARGEST_BYTES)
  const { expiresAtMs = 0 } = entry
  checkNumber('expiresAtMs', expiresAtMs, Number.MAX_SAFE_INTEGER)
  if (entry.blobs.length > MOST_BLOBS) throw invalid(`it needs more than ${MOST_BLOBS} blobs`)
  if (Buffer.byteLength(JSON.stringify(entry.details)) > LARGEST_DETAILS) {
    throw invalid(`its details are larger than ${LARGEST_DETAILS} bytes`)
  }
}

/**
 * Text that both databases hold and compare alike. The last character of Unicode, which no text means,
 * marks the end of ranges.
 */
function checkText(what: string, text: string, longest: number): void {
  if (text.length === 0 || text.length > longest) {
    throw invalid(`its ${what} has ${text.length} characters, not 1 to ${longest}`)
  }
  if (!isPlainText(text)) throw invalid(`its ${what} contains something other than text`)
}

export function isPlainText(text: string): boolean {
  return text.isWellFormed() && !/[\u0000-\u001F\u007F]|\u{10FFFF}/u.test(text)
}

function checkNumber(what: string, value: number, most: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > most)
    throw invalid(`its ${what} is ${value}`)
}

function invalid(because: string): TaskVaultError {
  return new TaskVaultError('REQUEST_INVALID', `The entry cannot be kept: ${because}`)
}
