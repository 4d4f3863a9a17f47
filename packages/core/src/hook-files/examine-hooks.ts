import { GIT_HOOKS } from '../model/task.ts'
import type { GitHook } from '../model/task.ts'
import { commandOf, configuredNameOf } from './configured-hooks.ts'
import type { HookFinding } from './hook-findings.ts'
import type { HookPlace, HooksView } from './hooks-view.ts'

export interface ExamineOptions {
  /** Of the TaskVault that asks. */
  readonly version: string
  /** Whether there is a file at an absolute path. */
  readonly exists: (absolutePath: string) => boolean
}

const AGAIN = 'Run `taskvault hooks install` again.'

/** Whether a hook of ours is there, in whatever state. */
export function isOurs(view: HooksView, hook: GitHook): boolean {
  return view.configured[hook] !== undefined || view.directory.places[hook].file.kind === 'ours'
}

/** All that is wrong with our hooks, the whole before the single hook; empty when they will run. */
export function examineHooks(view: HooksView, options: ExamineOptions): readonly HookFinding[] {
  return [
    ...examineWhole(view),
    ...GIT_HOOKS.flatMap((hook) => [
      ...examineFile(hook, view, options),
      ...examineConfigured(hook, view, options),
    ]),
  ]
}

function examineWhole(view: HooksView): readonly HookFinding[] {
  const present = GIT_HOOKS.filter((hook) => isOurs(view, hook))
  const { directory, unreachedWorkTrees } = view
  const findings: HookFinding[] = []
  const find = (finding: Omit<HookFinding, 'hook'>): void =>
    void findings.push({ ...finding, hook: undefined })
  const hasPassedOver = GIT_HOOKS.some((hook) => view.passedOver?.[hook].file.kind === 'ours')
  const usesFiles = GIT_HOOKS.some((hook) => directory.places[hook].file.kind === 'ours')
  if (directory.audience === 'nobody' && directory.hooksPath !== undefined) {
    find({
      kind: 'turned-off',
      isSerious: !GIT_HOOKS.some((hook) => view.configured[hook] !== undefined),
      message: `hook files are turned off: core.hooksPath is ${directory.hooksPath.value} (${directory.hooksPath.origin})`,
      hint: `Run \`git config --${directory.hooksPath.scope} --unset core.hooksPath\`.`,
    })
  }
  if (hasPassedOver && directory.hooksPath !== undefined) {
    const { value, origin } = directory.hooksPath
    find({
      kind: 'shadowed',
      isSerious: true,
      message: `git looks for hooks in ${directory.absolutePath}, because core.hooksPath is ${value} (${origin}), and ours lie elsewhere`,
      hint: directory.manager?.advice(GIT_HOOKS) ?? `Unset core.hooksPath, or: ${AGAIN}`,
    })
  } else if (present.length === 0) {
    const { manager } = directory
    find({
      kind: 'not-installed',
      isSerious: true,
      message: 'no hook of TaskVault is installed here',
      hint: manager?.advice(GIT_HOOKS) ?? 'Run `taskvault hooks install`.',
    })
  } else if (present.length < GIT_HOOKS.length) {
    const missing = GIT_HOOKS.filter((hook) => !present.includes(hook))
    find({
      kind: 'partly-installed',
      isSerious: false,
      message: `not installed: ${missing.join(', ')}`,
      hint: 'Run `taskvault hooks install` for all three, unless this is meant.',
    })
  }
  if (usesFiles && unreachedWorkTrees.length > 0) {
    find({
      kind: 'not-reached',
      isSerious: true,
      message: `core.hooksPath is relative, and leads to nothing in ${unreachedWorkTrees.join(', ')}`,
      hint: 'Make it absolute, or unset it and run `taskvault hooks install` again: work trees then share the hooks.',
    })
  }
  return findings
}

function examineFile(
  hook: GitHook,
  view: HooksView,
  options: ExamineOptions,
): readonly HookFinding[] {
  const place = view.directory.places[hook]
  const { file, kept, keptPath, absolutePath } = place
  const findings: HookFinding[] = []
  if (kept !== 'absent' && file.kind !== 'ours') {
    const isReplaced = file.kind === 'foreign'
    findings.push({
      kind: isReplaced ? 'replaced' : 'kept-alone',
      isSerious: true,
      hook,
      message: isReplaced
        ? `another program wrote ${absolutePath} over ours, and the hook from before it lies at ${keptPath}`
        : `the hook from before lies at ${keptPath}, and none in its place`,
      hint: isReplaced
        ? 'Keep the one that you want under the name of the hook, and run `taskvault hooks install` again.'
        : `Run \`taskvault hooks uninstall\` to put it back, or \`taskvault hooks install\`.`,
    })
  }
  if (file.kind !== 'ours') return findings
  if (!file.isExecutable) {
    findings.push({
      kind: 'not-executable',
      isSerious: true,
      hook,
      message: `${absolutePath} is not executable, so git passes it over`,
      hint: `Run \`chmod +x ${absolutePath}\`, or: ${AGAIN}`,
    })
  }
  if (view.configured[hook] !== undefined) {
    findings.push({
      kind: 'installed-twice',
      isSerious: false,
      hook,
      message: `${hook} is installed as a file and in the configuration, and runs twice`,
      hint: AGAIN,
    })
  }
  return [...findings, ...examineScript(hook, place, options)]
}

function examineConfigured(
  hook: GitHook,
  view: HooksView,
  options: ExamineOptions,
): readonly HookFinding[] {
  const configured = view.configured[hook]
  if (configured === undefined) return []
  const findings: HookFinding[] = []
  const find = (finding: Omit<HookFinding, 'hook'>): void =>
    void findings.push({ ...finding, hook })
  const name = configuredNameOf(hook)
  const script = view.scripts[hook]
  if (!view.git.runsConfiguredHooks) {
    find({
      kind: 'git-too-old',
      isSerious: true,
      message: `git ${view.git.text} does not run hooks that the configuration names; 2.54 was the first`,
      hint: 'Use a later git, or run `taskvault hooks install --method files`.',
    })
  }
  if (!configured.isEnabled) {
    find({
      kind: 'disabled',
      isSerious: true,
      message: `the configuration disables ${hook}`,
      hint: `Look at hook.${name}.enabled and hook.${hook}.enabled.`,
    })
  }
  if (configured.command !== commandOf(hook) || configured.events.join() !== hook) {
    find({
      kind: 'edited',
      isSerious: false,
      message: `hook.${name} in the configuration was edited`,
      hint: AGAIN,
    })
  }
  if (script.file.kind !== 'ours') {
    find({
      kind: 'script-missing',
      isSerious: true,
      message: `${script.absolutePath} is gone or another file`,
      hint: AGAIN,
    })
  }
  return [...findings, ...examineScript(hook, script, options)]
}

function examineScript(
  hook: GitHook,
  { file, absolutePath }: HookPlace,
  { version, exists }: ExamineOptions,
): readonly HookFinding[] {
  if (file.kind !== 'ours') return []
  const { facts, isEdited } = file.script
  const findings: HookFinding[] = []
  if (isEdited) {
    findings.push({
      kind: 'edited',
      isSerious: false,
      hook,
      message: `${absolutePath} was edited by hand`,
      hint: 'Move your lines to a hook of their own, and run `taskvault hooks install --force`.',
    })
  }
  const recorded = facts.command === undefined ? [] : [facts.command.node, facts.command.script]
  const gone = recorded.find((path) => !exists(path))
  if (gone !== undefined) {
    findings.push({
      kind: 'command-gone',
      isSerious: false,
      hook,
      message: `${gone} is gone; ${hook} looks for taskvault in node_modules/.bin and on PATH instead`,
      hint: AGAIN,
    })
  }
  if (facts.version !== version) {
    findings.push({
      kind: 'other-version',
      isSerious: false,
      hook,
      message: `${absolutePath} was written by TaskVault ${facts.version}, and this is ${version}`,
      hint: AGAIN,
    })
  }
  return findings
}
