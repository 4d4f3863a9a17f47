import { mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where trees, stores and copies of one session lie, and on what. */
export interface WorkDirectory extends Disposable {
  /** Kept from session to session: installed trees. */
  readonly kept: string
  /** Of this session only; removed when disposed. */
  readonly fresh: string
  /** An empty home and place for temporary files of the processes that are measured. */
  readonly scratch: string
  /** `RAM (tmpfs)` or `disk`, for the report. */
  readonly medium: string
}

const RAM_DISK = '/dev/shm'
const TMPFS_MAGIC = 0x01021994

/**
 * Opens `TASKVAULT_BENCH_DIR`, or a directory on the RAM file system, or one under the system's
 * temporary directory. RAM first: it leaves out what a device and its queue do from run to run.
 * Throws when less than `needsBytes` is free there.
 */
export function openWorkDirectory(needsBytes: number): WorkDirectory {
  const kept = process.env['TASKVAULT_BENCH_DIR'] ?? join(defaultParent(), 'taskvault-bench')
  mkdirSync(kept, { recursive: true })
  const isRam = statfsSync(kept).type === TMPFS_MAGIC
  const freeBytes = isRam ? Math.min(freeOnDisk(kept), availableMemory()) : freeOnDisk(kept)
  if (freeBytes < needsBytes) {
    const line = `${gigabytes(needsBytes)} needed in ${kept}, ${gigabytes(freeBytes)} free`
    throw new Error(`${line}. Point TASKVAULT_BENCH_DIR at a place with more.`)
  }
  const fresh = mkdtempSync(join(kept, 'session-'))
  const scratch = join(fresh, 'scratch')
  mkdirSync(scratch)
  return {
    kept,
    fresh,
    scratch,
    medium: isRam ? 'RAM (tmpfs)' : 'disk',
    [Symbol.dispose]: () => rmSync(fresh, { recursive: true, force: true }),
  }
}

function defaultParent(): string {
  try {
    return statfsSync(RAM_DISK).type === TMPFS_MAGIC ? RAM_DISK : tmpdir()
  } catch {
    return tmpdir()
  }
}

function freeOnDisk(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

/** A RAM file system promises more than there is; the kernel's own estimate is what counts. */
function availableMemory(): number {
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return Number(kilobytes ?? 0) * 1024
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}
