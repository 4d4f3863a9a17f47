import { toExpression } from './ignore-expression.ts'

/*
 * The rules of .gitignore files, as git reads them. Written here because the question differs from
 * what libraries answer: they judge a path together with its parents, while a walk has judged the
 * parents already, and a deeper .gitignore may have taken one of them back.
 */

/** The rules of one .gitignore file and of those above it. */
export interface IgnoreRules {
  /**
   * Whether a path is ignored by itself, its parents not considered. Without regard to case, which
   * git considers on some systems only: a key must not depend on the system.
   * @param path relative to the root of the repository, with `/`.
   */
  isIgnored(path: string, isDirectory: boolean): boolean
}

/** The rules of no file. */
export const NO_RULES: IgnoreRules = { isIgnored: () => false }

/**
 * Adds the rules of one file to those of the files above it, over which they win.
 * @param directory where the file lies, relative to the root of the repository; empty for the root.
 */
export function addIgnoreRules(above: IgnoreRules, directory: string, text: string): IgnoreRules {
  const rules = parseRules(text)
  if (rules.length === 0) return above
  const from = directory === '' ? 0 : directory.length + 1
  return {
    isIgnored(path, isDirectory) {
      const name = path.slice(path.lastIndexOf('/') + 1)
      for (let index = rules.length - 1; index >= 0; index -= 1) {
        const rule = rules[index] as IgnoreRule
        if (rule.isForDirectories && !isDirectory) continue
        if (rule.matches(rule.isForNames ? name : path.slice(from))) return rule.ignores
      }
      return above.isIgnored(path, isDirectory)
    },
  }
}

interface IgnoreRule {
  readonly ignores: boolean
  readonly isForDirectories: boolean
  /** Whether it looks at names at any depth, or at paths relative to its file. */
  readonly isForNames: boolean
  matches(text: string): boolean
}

function parseRules(text: string): IgnoreRule[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((line) => parseRule(trimEnd(line.replace(/\r$/, ''))) ?? [])
}

/** Blanks at the end do not count, unless a backslash stands before them. */
function trimEnd(line: string): string {
  return /^(?:\\(?:.|$)|[^\\ ]| +(?=[^ ]))*/su.exec(line)?.[0] ?? ''
}

function parseRule(line: string): IgnoreRule | undefined {
  if (line === '' || line.startsWith('#')) return undefined
  const ignores = !line.startsWith('!')
  const written = ignores ? line : line.slice(1)
  const isForDirectories = written.endsWith('/')
  const pattern = isForDirectories ? written.slice(0, -1) : written
  if (pattern === '') return undefined
  const isForNames = !pattern.includes('/')
  const matches = createMatcher(pattern.replace(/^\//, ''))
  return matches === undefined ? undefined : { ignores, isForDirectories, isForNames, matches }
}

/** Most rules are a plain name or `*.suffix`, and tens of thousands of names are held against each. */
function createMatcher(pattern: string): IgnoreRule['matches'] | undefined {
  if (!/[*?[\\]/.test(pattern)) return (text) => text === pattern
  if (/^\*[^*?[\\/]+$/.test(pattern)) {
    const suffix = pattern.slice(1)
    return (text) => text.endsWith(suffix) && !text.includes('/')
  }
  const expression = toExpression(pattern)
  return expression === undefined ? undefined : (text) => expression.test(text)
}
