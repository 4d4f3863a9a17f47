import { spawnSync } from 'node:child_process'
import { readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isSameState } from './compare-trees.ts'
import { walk } from './walk.ts'

/**
 * Makes a tree equal to another by touching only what differs, as a package manager's upgrade does:
 * all other files keep their inode and times, so stat caches stay as warm as they would be in life.
 */
export function turnInto(tree: string, pattern: string): void {
  const wanted = walk(pattern)
  const found = walk(tree)
  for (const path of found.keys()) {
    if (!wanted.has(path)) rmSync(join(tree, path), { recursive: true, force: true })
  }
  const stale = [...wanted].filter(([path, state]) => {
    const other = found.get(path)
    if (other === undefined || !isSameState(state, other)) return true
    if (state.kind !== 'symlink') return false
    return readlinkSync(join(tree, path)) !== readlinkSync(join(pattern, path))
  })
  copyPaths(
    pattern,
    tree,
    stale.map(([path]) => path),
  )
}

function copyPaths(from: string, to: string, paths: readonly string[]): void {
  if (paths.length === 0) return
  // Directories that are new come before their children and must not bring the children twice.
  const copy = ['cp', '-a', '--no-target-directory', '--remove-destination']
  const input = paths.map((path) => `${path}\0`).join('')
  const script = `xargs -0 sh -c 'for path do
    if [ -d "$path" ] && [ ! -L "$path" ]; then mkdir -p "$0/$path" && chmod --reference="$path" "$0/$path"
    else ${copy.join(' ')} "$path" "$0/$path"; fi || exit 255
  done' "$TO"`
  const done = spawnSync('sh', ['-c', script], {
    cwd: from,
    input,
    env: { ...process.env, TO: to },
  })
  if (done.status !== 0) throw new Error(`Could not copy into ${to}: ${done.stderr.toString()}`)
}
