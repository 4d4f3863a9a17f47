import path from 'node:path'

/** The directories that an absolute path lies in, innermost first. */
export function directoriesAbove(absolutePath: string): readonly string[] {
  const above = path.dirname(absolutePath)
  return above === absolutePath ? [] : [above, ...directoriesAbove(above)]
}
