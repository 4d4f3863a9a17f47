import type { GitHook } from '../model/task.ts'
import { INSTALL_AGAIN } from './hook-findings.ts'
import type { HookFinding } from './hook-findings.ts'
import type { HookPlace, HooksView } from './hooks-view.ts'

/** What keeps the file of a hook from running, or ours from being that file. */
export function examineHookFile(
  hook: GitHook,
  { directory, configured, takenOver }: HooksView,
): readonly HookFinding[] {
  const place = directory.places[hook]
  const { file, kept, absolutePath } = place
  if (takenOver[hook].file.kind === 'ours') return []
  if (file.kind !== 'ours') return kept === 'absent' ? [] : [describeLeftover(hook, place)]
  const findings: HookFinding[] = []
  if (!file.isExecutable) {
    findings.push({
      kind: 'not-executable',
      isSerious: true,
      hook,
      message: `${absolutePath} is not executable, so git skips it`,
      hint: `Run \`chmod +x ${absolutePath}\`, or: ${INSTALL_AGAIN}`,
    })
  }
  if (configured[hook] !== undefined) {
    findings.push({
      kind: 'installed-twice',
      isSerious: false,
      hook,
      message: `${hook} is installed as a file and in the configuration, and runs twice`,
      hint: INSTALL_AGAIN,
    })
  }
  return findings
}

/** A hook that was kept, and ours is not there any more. */
function describeLeftover(hook: GitHook, { file, keptPath, absolutePath }: HookPlace): HookFinding {
  if (file.kind === 'absent') {
    return {
      kind: 'kept-alone',
      isSerious: true,
      hook,
      message: `the earlier hook is at ${keptPath}, and its place is empty`,
      hint: 'Run `taskvault hooks uninstall` to put it back, or `taskvault hooks install`.',
    }
  }
  return {
    kind: 'replaced',
    isSerious: true,
    hook,
    message: `another program overwrote our ${absolutePath}, and the earlier hook is at ${keptPath}`,
    hint: `Keep the one that you want, under the hook's name. ${INSTALL_AGAIN}`,
  }
}
