import { readdirSync, readlinkSync } from 'node:fs'

/** @returns those of this process's open files that lie in a directory, as often as they are open; on Linux. */
export function listOpenFiles(directory: string): readonly string[] {
  const open = readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`)
    } catch {
      // That of the listing itself.
      return []
    }
  })
  return open.filter((path) => path.startsWith(`${directory}/`))
}
