/** `1.2.3`, or `1.2.3-beta.1`. */
export interface ReleaseVersion {
  readonly text: string
  readonly numbers: readonly number[]
  readonly isPrerelease: boolean
}

/** @throws {Error} for what is no version. */
export function parseReleaseVersion(text: string): ReleaseVersion {
  const found = /^(\d+)\.(\d+)\.(\d+)(-[\w.]+)?$/.exec(text)
  if (found === null) throw new Error(`${JSON.stringify(text)} is no version such as 1.2.3`)
  const [, major, minor, patch, prerelease] = found
  const numbers = [major, minor, patch].map(Number)
  return { text, numbers, isPrerelease: prerelease !== undefined }
}

/**
 * The tag that is to be moved to a new version, such as `v1`; undefined when it stays where it is:
 * at a later version of the same number, or because this one is not finished.
 */
export function planMovingTag(
  version: ReleaseVersion,
  released: readonly ReleaseVersion[],
): string | undefined {
  if (version.isPrerelease) return undefined
  const rivals = released.filter(
    (other) => !other.isPrerelease && other.numbers[0] === version.numbers[0],
  )
  const isLatest = rivals.every((other) => compareNumbers(other.numbers, version.numbers) < 0)
  return isLatest ? `v${version.numbers[0]}` : undefined
}

function compareNumbers(left: readonly number[], right: readonly number[]): number {
  const at = left.findIndex((number, index) => number !== right[index])
  return at === -1 ? 0 : (left[at] ?? 0) - (right[at] ?? 0)
}
