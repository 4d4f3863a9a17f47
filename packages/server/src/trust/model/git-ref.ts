/* What git itself refuses in a ref (git-check-ref-format): with that, no two texts mean one ref. */
const FORBIDDEN = /[\0-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.\/|\.lock(\/|$)|[/.]$/

/** Whether `ref` is a whole ref that git would take: `refs/heads/main`. */
export function isWholeRef(ref: string): boolean {
  return /^refs\/[^/]+\/./.test(ref) && ref.length <= 512 && !FORBIDDEN.test(ref)
}

/** The ref of a branch; undefined when it can be none's name. */
export function refOfBranch(name: string): string | undefined {
  const ref = `refs/heads/${name}`
  return isWholeRef(ref) ? ref : undefined
}

export function isTagRef(ref: string): boolean {
  return ref.startsWith('refs/tags/')
}

export function isBranchRef(ref: string): boolean {
  return ref.startsWith('refs/heads/')
}
