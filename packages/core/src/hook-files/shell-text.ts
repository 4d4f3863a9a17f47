/** `text` as one word of a POSIX shell, whatever is in it. */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/**
 * A path as a shell reads it that git starts: on Windows that is the one of Git for Windows, which
 * takes `/` between names, and in which a backslash would be lost sooner or later.
 */
export function toShellPath(path: string, platform: NodeJS.Platform): string {
  return platform === 'win32' ? path.replaceAll('\\', '/') : path
}

/** Like `toShellPath`, and fit to stand in `PATH`, where the colon of `C:` would end a directory. */
export function toSearchPath(path: string, platform: NodeJS.Platform): string {
  const shellPath = toShellPath(path, platform)
  if (platform !== 'win32') return shellPath
  return shellPath.replace(/^([A-Za-z]):\//, (_, drive: string) => `/${drive.toLowerCase()}/`)
}
