/** The directories that a relative path with `/` lies in, outermost first. */
export function namesAbove(relativePath: string): readonly string[] {
  const segments = relativePath.split('/')
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('/'))
}
