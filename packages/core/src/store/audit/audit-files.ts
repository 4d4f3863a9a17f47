import { hash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { asTaskVaultError, systemErrorCode } from '../../errors.ts'
import { smallSha256 } from '../../hashing/small-sha256.ts'
import type { ChainHash } from '../../model/audit-line.ts'

/** SHA-256 whatever the store's algorithm is: the chain outlives a change of it, and anyone can check it. */
export const auditHash: ChainHash = (data) => {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  if (bytes.length > SHORT_BYTES || hashed >= FEW) return hashOfMany(bytes)
  hashed += 1
  return smallSha256(bytes)
}

/** The same for so many lines in a row. */
export function auditHashOf(lines: number): ChainHash {
  return lines > FEW ? hashOfMany : auditHash
}

/** A command logs as many lines. A program with more is better off with what takes time to load. */
const FEW = 8
let hashed = 0

function hashOfMany(data: string | Uint8Array): string {
  return hash('sha256', data)
}

/** More than a line has, unless something in it is long. */
const SHORT_BYTES = 1024

export function auditLogPath(cacheDirectory: string): string {
  return join(cacheDirectory, 'audit.log')
}

/** Where file `number` of the log lies once a later one has been begun; the first is number 1. */
export function rotatedLogPath(cacheDirectory: string, number: number): string {
  return join(cacheDirectory, `audit.log.${number}`)
}

/**
 * Numbers of the rotated files that are there, oldest first.
 * @throws {TaskVaultError} PERMISSION_DENIED, IO_FAILED.
 */
export function listRotatedLogs(cacheDirectory: string): readonly number[] {
  try {
    return readdirSync(cacheDirectory)
      .flatMap((name) => /^audit\.log\.([1-9]\d{0,8})$/.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((left, right) => left - right)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    throw asTaskVaultError(error, `list ${cacheDirectory}`)
  }
}
