import { mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs'
import type { Dirent } from 'node:fs'
import path from 'node:path'
import { isWithin } from '../files/is-within.ts'

export interface Mirroring {
  /** The work tree that is mirrored; absolute. */
  readonly workTree: string
  /** The snapshot of it; absolute. */
  readonly snapshot: string
}

/**
 * Makes a folder of the work tree appear in the snapshot: a folder of links to what lies in it, so that
 * it stays a folder, which is what rules in .gitignore mean, and nothing is copied.
 *
 * Links within the folder are made again rather than followed: those of a workspace lead to its own
 * packages, which must be the snapshot's. So are links in its scopes (`@name`) and in `.bin`.
 */
export function mirrorFolder(relativePath: string, mirroring: Mirroring): void {
  const from = path.join(mirroring.workTree, relativePath)
  const to = path.join(mirroring.snapshot, relativePath)
  mkdirSync(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory() && isGroup(entry.name)) {
      mirrorFolder(path.join(relativePath, entry.name), mirroring)
    } else {
      symlinkSync(
        targetOf(path.join(from, entry.name), entry, mirroring),
        path.join(to, entry.name),
      )
    }
  }
}

function isGroup(name: string): boolean {
  return name.startsWith('@') || name === '.bin'
}

function targetOf(absolutePath: string, entry: Dirent, { workTree, snapshot }: Mirroring): string {
  if (!entry.isSymbolicLink()) return absolutePath
  const target = path.resolve(path.dirname(absolutePath), readlinkSync(absolutePath))
  return isWithin(target, workTree) ? path.join(snapshot, path.relative(workTree, target)) : target
}
