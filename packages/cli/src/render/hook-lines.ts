import type { GitHook, HookFile, HooksView, TaskDefinition } from '@taskvault/core'

/** `a, b and c`. */
export function joinWords(words: readonly string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** Whether any task belongs to a hook. */
export function hasHookTasks(tasks: Readonly<Record<string, TaskDefinition>>): boolean {
  return Object.values(tasks).some(({ hooks = [] }) => hooks.length > 0)
}

/** A hook, what git runs for it in order, and the file; as cells of a table. */
export function describeHook(view: HooksView, hook: GitHook): readonly string[] {
  const place = view.directory.places[hook]
  const { kept, file, absolutePath } = place
  const isConfigured = view.configured[hook] !== undefined && view.git.runsConfiguredHooks
  const runs = [
    ...(isConfigured ? ['taskvault (in the configuration)'] : []),
    ...(kept === 'executable' && file.kind === 'ours' ? ['the earlier hook'] : []),
    // The pre-commit framework runs what it found in its place before its own.
    ...(view.takenOver[hook].file.kind === 'ours' ? ['taskvault'] : []),
    ...describeFile(file),
  ]
  return [
    hook,
    runs.length === 0 ? 'nothing' : runs.join(', then '),
    file.kind === 'absent' ? '' : absolutePath,
  ]
}

function describeFile(file: HookFile): readonly string[] {
  switch (file.kind) {
    case 'absent':
    case 'unusable':
      return []
    case 'ours':
      return [file.isExecutable ? 'taskvault' : 'not taskvault, because it is not executable']
    case 'foreign':
      if (!file.isExecutable) return []
      return [file.manager?.name ?? 'another hook']
  }
}

/** For `--json`. */
export function hookToData(view: HooksView, hook: GitHook): unknown {
  const { file, kept, keptPath, absolutePath } = view.directory.places[hook]
  const script = view.scripts[hook].file
  const isConfigured = view.configured[hook] !== undefined
  const ours = isConfigured ? script : file
  return {
    hook,
    by: ownerOf(view, hook),
    method: isConfigured ? 'config' : file.kind === 'ours' ? 'files' : null,
    path: isConfigured ? view.scripts[hook].absolutePath : absolutePath,
    executable: 'isExecutable' in file ? file.isExecutable : null,
    kept: kept === 'absent' ? null : keptPath,
    version: ours.kind === 'ours' ? ours.script.facts.version : null,
    edited: ours.kind === 'ours' ? ours.script.isEdited : null,
    command: ours.kind === 'ours' ? (ours.script.facts.command ?? null) : null,
    project: ours.kind === 'ours' ? ours.script.facts.project : null,
  }
}

/** `taskvault`, the name of a manager, `other`, or null for nobody. */
function ownerOf(view: HooksView, hook: GitHook): string | null {
  const { file } = view.directory.places[hook]
  if (view.configured[hook] !== undefined || file.kind === 'ours') return 'taskvault'
  if (file.kind !== 'foreign') return null
  return file.manager?.name ?? view.directory.manager?.name ?? 'other'
}

export function hooksPathToData({ directory: { hooksPath } }: HooksView): unknown {
  if (hooksPath === undefined) return null
  const { value, scope, origin } = hooksPath
  return { value, scope, origin }
}
