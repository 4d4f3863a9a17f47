import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { systemErrorCode } from '../../errors.ts'
import { removeFile } from '../../files/remove-file.ts'
import { writeAtomically } from '../../files/write-atomically.ts'

/**
 * A note for other processes on this machine that a remote store does not answer: a build that runs
 * many tasks must not lose its patience once for each of them.
 */
export interface RemotePause {
  /** Whether some process lost its patience with this store less than a minute ago. */
  isOn(): boolean
  begin(): void
}

const PAUSE_MS = 60_000

export function createRemotePause(
  cacheDirectory: string,
  { url, now }: { readonly url: string; readonly now: () => number },
): RemotePause {
  // The address can say more than everybody who reads the directory should know.
  const mark = createHash('sha256').update(url).digest('hex')
  const path = join(cacheDirectory, `remote-unavailable-${mark}`)

  return {
    isOn() {
      try {
        const ageMs = now() - statSync(path).mtimeMs
        if (Math.abs(ageMs) < PAUSE_MS) return true
        removeFile(path)
      } catch {
        // No such note, or none that can be read or removed: the store is asked.
      }
      return false
    },
    begin() {
      try {
        writeAtomically(path, Buffer.alloc(0))
      } catch (error) {
        if (systemErrorCode(error) === undefined) throw error
      }
    },
  }
}
