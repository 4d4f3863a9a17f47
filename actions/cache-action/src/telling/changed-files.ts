import type { ChangeReason } from '@taskvault/core'

/** The files that are reasons of a miss, a renamed one by both of its names: JSON, an array of paths. */
export function changedFiles(reasons: readonly ChangeReason[]): string {
  const paths = reasons.flatMap((reason) => [
    ...('relativePath' in reason ? [reason.relativePath] : []),
    ...('formerPath' in reason ? [reason.formerPath] : []),
  ])
  return JSON.stringify(paths.toSorted())
}
