import path from 'node:path'

/** Whether `inner` is `outer` or is below it; both absolute. Symlinks are not followed. */
export function isWithin(inner: string, outer: string): boolean {
  const relative = path.relative(outer, inner)
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative)
}
