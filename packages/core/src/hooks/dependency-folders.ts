/**
 * Names of folders that package managers fill from lock files. Where git ignores one, a snapshot gets it
 * from the work tree; build results it does not get, as those may come from what is not staged.
 */
const DEPENDENCY_FOLDERS: readonly string[] = [
  'node_modules',
  'bower_components',
  'jspm_packages',
  '.yarn',
  '.venv',
  'venv',
  '.virtualenv',
  '__pypackages__',
  'vendor',
  '.bundle',
  'Pods',
  'Carthage',
  'deps',
  'elm-stuff',
]

/** Whether an ignored path of the work tree is one that a snapshot gets. */
export function isDependencyFolder(relativePath: string): boolean {
  return DEPENDENCY_FOLDERS.includes(relativePath.slice(relativePath.lastIndexOf('/') + 1))
}
