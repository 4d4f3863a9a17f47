import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TaskVaultError, asTaskVaultError, systemErrorCode } from '../../errors.ts'
import { NO_RULES, addIgnoreRules } from './ignore-rules.ts'
import type { IgnoreRules } from './ignore-rules.ts'
import type { RepositoryFinder, RepositoryView } from './repository-view.ts'

/**
 * What one repository ignores, at one place of a walk. As in git, what is tracked is never ignored:
 * then a clean checkout, its index and its commit have the same inputs. The user's global excludes
 * do not count, since a key must not depend on the machine.
 */
export interface IgnoreScope {
  /** Undefined outside of any repository: then .gitignore files count, and nothing is tracked. */
  readonly view: RepositoryView | undefined
  readonly rules: IgnoreRules
  /** Turns a path relative to the project into one relative to the repository. */
  toRepositoryPath(relativePath: string): string
}

export interface RootScope {
  readonly scope: IgnoreScope
  /** Whether the project lies in an ignored directory in which something is tracked. */
  readonly isIgnored: boolean
}

/**
 * The scope of a project's root, with the rules of all directories above it in its repository. A
 * repository that ignores the whole project, such as one of dotfiles around all of a home directory,
 * has nothing to do with it.
 */
export function openRootScope(
  projectRoot: string,
  finder: RepositoryFinder | undefined,
): RootScope {
  const found = finder?.findAround(projectRoot)
  if (found === undefined) return { scope: outsideScope(), isIgnored: false }
  const { view, prefix } = found
  let rules = addIgnoreRules(NO_RULES, '', view.excludeText)
  let isIgnored = false
  let above = ''
  for (const segment of prefix.split('/').slice(0, -1)) {
    rules = addFile(rules, above, join(view.workTree, above, '.gitignore'))
    above = above === '' ? segment : `${above}/${segment}`
    isIgnored ||= rules.isIgnored(above, true)
  }
  if (isIgnored && !view.hasTrackedBelow(above)) return { scope: outsideScope(), isIgnored: false }
  return { scope: { view, rules, toRepositoryPath: (path) => prefix + path }, isIgnored }
}

/** The scope of a repository inside the project, whose rules are its own alone; as for a submodule. */
export function nestedScope(view: RepositoryView, directory: string): IgnoreScope {
  const from = directory.length + 1
  const rules = addIgnoreRules(NO_RULES, '', view.excludeText)
  return { view, rules, toRepositoryPath: (path) => path.slice(from) }
}

/** Adds a directory's own .gitignore. @param directory relative to the project; empty for its root. */
export function withIgnoreFile(
  scope: IgnoreScope,
  directory: string,
  absolutePath: string,
): IgnoreScope {
  const base = scope.toRepositoryPath(directory === '' ? '' : `${directory}/`).replace(/\/$/, '')
  return { ...scope, rules: addFile(scope.rules, base, absolutePath) }
}

function outsideScope(): IgnoreScope {
  return { view: undefined, rules: NO_RULES, toRepositoryPath: (path) => path }
}

function addFile(rules: IgnoreRules, directory: string, absolutePath: string): IgnoreRules {
  try {
    // Like git, not through a symlink: it could lead out of the project.
    if (!lstatSync(absolutePath).isFile()) return rules
    return addIgnoreRules(rules, directory, readFileSync(absolutePath, 'utf8'))
  } catch (error) {
    const code = systemErrorCode(error)
    // A file has no rules in it.
    if (code === 'ENOENT' || code === 'ENOTDIR') return rules
    throw new TaskVaultError(
      'INPUT_UNREADABLE',
      asTaskVaultError(error, `read ${absolutePath}`).message,
      {
        hint: 'It decides which files count: check who owns it, and its mode.',
        cause: error,
      },
    )
  }
}
