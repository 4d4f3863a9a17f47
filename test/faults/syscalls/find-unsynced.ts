import { basename } from 'node:path'
import type { TracedCall } from './trace.ts'

/** How far a name in the directory of blobs is on its way to the disk. */
const STAGES = [
  'its name was on the disk',
  'a row was written for it',
  'its row was on the disk',
] as const

/**
 * What a loss of power could take although it was acknowledged: of each blob the bytes must be on the disk before it
 * gets its name, then the name, and only then the transaction that makes it visible. Empty when all is well.
 */
export function findUnsynced(calls: readonly TracedCall[]): readonly string[] {
  const found: string[] = []
  const unsynced = new Set<string>()
  /** By name, how many of the stages were passed. */
  const stages = new Map<string, number>()

  function advance(from: number): void {
    for (const [name, stage] of stages) if (stage === from) stages.set(name, from + 1)
  }

  for (const { syscall, text } of calls) {
    const file = /^\d+<([^>]*)>/.exec(text)?.[1] ?? ''
    const isLog = file.endsWith('cache.db-wal')
    const isBlob = file.includes('/blobs/')
    if (syscall === 'write' && isBlob) unsynced.add(file)
    if (syscall === 'pwrite64' && isLog) advance(1)
    if (syscall === 'fsync' || syscall === 'fdatasync') {
      unsynced.delete(file)
      if (file.endsWith('/blobs')) advance(0)
      if (isLog) advance(2)
    }
    if (syscall === 'rename' && text.includes('/blobs/')) {
      const [from = '', to = ''] = [...text.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? '')
      if (unsynced.has(from)) found.push('a blob got its name before its bytes were on the disk')
      stages.set(basename(to), 0)
    }
    if (syscall !== 'openat' || !/\/(small|tree)", O_WRONLY/.test(text)) continue
    for (const stage of stages.values())
      if (stage < STAGES.length) found.push(`acknowledged before ${STAGES[stage]}`)
  }
  return found
}
