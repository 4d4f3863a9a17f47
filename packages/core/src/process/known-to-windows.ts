import { lstatSync } from 'node:fs'
import path from 'node:path'
import type { ExecutableSearch } from './find-executable.ts'

/** What the shell does by itself, without a file. */
const BUILT_IN = new Set(
  `assoc break call cd chdir cls color copy date del dir echo endlocal erase exit for ftype goto if md mkdir
  mklink move path pause popd prompt pushd rd rem ren rename rmdir set setlocal shift start time title type
  ver verify vol`.split(/\s+/),
)
const USUAL_ENDINGS = '.COM;.EXE;.BAT;.CMD'

/**
 * Whether Windows has something to start under a name: a command of its shell, a program or a script. Asked
 * beforehand, because the shell tells of a missing command as of one that failed.
 */
export function isKnownToWindows(file: string, { directory, env }: ExecutableSearch): boolean {
  if (BUILT_IN.has(file.toLowerCase())) return true
  const isPath = /[/\\]/.test(file)
  // The current directory comes first, whatever the path says.
  const folders = isPath ? [''] : ['', ...(find(env, 'PATH') ?? '').split(path.delimiter)]
  const endings = ['', ...(find(env, 'PATHEXT') ?? USUAL_ENDINGS).split(';')]
  return folders.some((folder) =>
    endings.some((ending) => isFile(path.resolve(directory, unquote(folder), file + ending))),
  )
}

/** A copy of the environment has lost that names are the same in any case: it is `Path` mostly. */
function find(env: ExecutableSearch['env'], wanted: string): string | undefined {
  const name = Object.keys(env).find((each) => each.toUpperCase() === wanted)
  return name === undefined ? undefined : env[name]
}

/** Folders that contain the separator are quoted. */
function unquote(folder: string): string {
  return folder.replaceAll('"', '')
}

function isFile(file: string): boolean {
  try {
    // Not what a link leads to: programs of the system's shop are links that nobody may look behind.
    return !lstatSync(file).isDirectory()
  } catch {
    return false
  }
}
