import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** What of a repository is its owner's, by path: kind, mode, time and content of each file. */
export type Observation = ReadonlyMap<string, string>

/**
 * What may be otherwise after a hook: what TaskVault remembers, and objects, which git's own commands
 * add to whenever they need one.
 */
const NOT_THE_OWNERS = /^(\.taskvault\/(cache|metrics)|(\.git|\.git\/modules\/sub)\/objects)$/

/** Observes the work tree and git's own files: the index, HEAD, refs, locks, state of any operation. */
export function observe(workTree: string): Observation {
  const found = new Map<string, string>()
  const look = (relativePath: string): void => {
    if (NOT_THE_OWNERS.test(relativePath)) return
    const path = join(workTree, relativePath)
    const stats = lstatSync(path, { bigint: true })
    if (stats.isDirectory()) {
      found.set(relativePath, 'directory')
      for (const name of readdirSync(path))
        look(relativePath === '' ? name : `${relativePath}/${name}`)
      return
    }
    const content = stats.isSymbolicLink() ? readlinkSync(path) : hashOf(readFileSync(path))
    found.set(relativePath, `${stats.mode} ${stats.mtimeNs} ${content}`)
  }
  look('')
  return found
}

/** Paths that are not what they were, or are new, or gone. */
export function differences(before: Observation, after: Observation): string[] {
  const paths = new Set([...before.keys(), ...after.keys()])
  return [...paths].filter((path) => before.get(path) !== after.get(path)).toSorted()
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
