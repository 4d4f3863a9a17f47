import { join } from 'node:path'
import { INSTALL_AGAIN } from './hook-findings.ts'
import type { HookFinding } from './hook-findings.ts'
import type { HookFacts } from './hook-script.ts'
import type { HookPlace, HooksView } from './hooks-view.ts'

/** What examining needs beyond the hooks themselves. */
export interface ExamineOptions {
  /** Of the TaskVault that asks. */
  readonly version: string
  /** Whether there is a file at an absolute path. */
  readonly exists: (absolutePath: string) => boolean
  /** The directories of PATH. */
  readonly searchPath: readonly string[]
  /** Whether any task of the project belongs to a hook. */
  readonly hasTasks: boolean
}

/** What is wrong with one of our scripts, wherever it lies. */
export function examineHookScript(
  { file, absolutePath }: HookPlace,
  view: HooksView,
  options: ExamineOptions,
): readonly HookFinding[] {
  if (file.kind !== 'ours') return []
  const { facts, isEdited } = file.script
  const findings: HookFinding[] = []
  const find = (kind: HookFinding['kind'], message: string, hint: string): void =>
    void findings.push({ kind, isSerious: false, hook: facts.hook, message, hint })
  if (isEdited) {
    const hint = 'Move your lines elsewhere, and run `taskvault hooks install --force`.'
    find('edited', `${absolutePath} was edited by hand`, hint)
  }
  const gone = findGoneCommand(facts, view, options)
  if (gone !== undefined) findings.push(gone)
  if (facts.version !== options.version) {
    const writer = `TaskVault ${facts.version}, and this is ${options.version}`
    find('other-version', `${absolutePath} was written by ${writer}`, INSTALL_AGAIN)
  }
  return findings
}

/** Whether the hook still finds what it is to start; it looks in the same order. */
function findGoneCommand(
  { hook, command, project }: HookFacts,
  { workTree }: HooksView,
  { exists, searchPath }: ExamineOptions,
): HookFinding | undefined {
  const base = { kind: 'command-gone', hook, hint: INSTALL_AGAIN } as const
  const isThere = (directories: readonly string[], name: string): boolean =>
    directories.some((directory) => exists(join(directory, name)))
  const recorded = command === undefined ? [] : [command.script, command.node]
  const [gone] = recorded.filter((path) => !exists(path))
  if (command !== undefined && gone === undefined) return undefined
  if (gone === command?.node && gone !== undefined && isThere(searchPath, 'node'))
    return {
      ...base,
      isSerious: false,
      message: `${gone} is gone; ${hook} runs with the Node on PATH`,
    }
  const projects = workTree === undefined ? [] : [join(workTree, project), workTree]
  const installed = projects.map((directory) => join(directory, 'node_modules/.bin'))
  const isFound = isThere([...installed, ...searchPath], 'taskvault')
  if (!isFound) {
    const what = gone === undefined ? '' : `${gone} is gone, and `
    const message = `${what}there is no taskvault in node_modules/.bin or on PATH: ${hook} does nothing`
    return { ...base, isSerious: true, message }
  }
  if (gone === undefined) return undefined
  const message = `${gone} is gone; ${hook} uses the taskvault in node_modules/.bin or on PATH`
  return { ...base, isSerious: false, message }
}
