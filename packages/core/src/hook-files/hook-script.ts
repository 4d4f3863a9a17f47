import { createHash } from 'node:crypto'
import type { GitHook } from '../model/task.ts'
import { keptNameOf } from './kept-name.ts'
import { quoteForShell, toSearchPath, toShellPath } from './shell-text.ts'

/** How a hook starts the command line of TaskVault when it is where it was at installation. */
export interface RecordedCommand {
  /** The Node to run it with; absolute. */
  readonly node: string
  /** The launcher's script; absolute. */
  readonly script: string
}

/** All that one of our hooks depends on. The same facts give the same bytes. */
export interface HookFacts {
  readonly hook: GitHook
  /** Of TaskVault, when it wrote the hook. */
  readonly version: string
  /** Undefined in a hook that other machines run too: nothing of this machine stands in it. */
  readonly command: RecordedCommand | undefined
  /** Directory of the project, relative to the root of the work tree, with `/`; `.` for the root. */
  readonly project: string
  /** Whether the hook that was there before lies beside this one, and runs first. */
  readonly isChained: boolean
  readonly platform: NodeJS.Platform
}

/** One of our hooks, as it was found. */
export interface FoundScript {
  readonly facts: HookFacts
  /** Whether somebody changed it after it was written. */
  readonly isEdited: boolean
}

const MARK = /^# taskvault-hook 1 ([0-9a-f]{16}) (\{.*\})\r?$/m

/**
 * The text of a hook. It is short on purpose: everything that can be decided is decided by
 * `taskvault hooks run`. It finds that, runs first what was there before, and lets git go on where
 * TaskVault is missing, because a commit must not depend on a cache.
 */
export function renderHookScript(facts: HookFacts): string {
  const body = renderBody(facts)
  const lines = body.split('\n')
  lines.splice(1, 0, `# taskvault-hook 1 ${digestOf(body)} ${JSON.stringify(facts)}`)
  return lines.join('\n')
}

/** Reads a text that `renderHookScript` made, of this version or another; undefined for any other. */
export function parseHookScript(text: string): FoundScript | undefined {
  const [line, digest, json] = MARK.exec(text) ?? []
  if (line === undefined || json === undefined) return undefined
  const facts = parseFacts(json)
  if (facts === undefined) return undefined
  return { facts, isEdited: digestOf(text.replace(`${line}\n`, '')) !== digest }
}

function digestOf(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 16)
}

function renderBody(facts: HookFacts): string {
  const { hook, project } = facts
  return `#!/bin/sh
# Skips the tasks of ${hook} that have passed on this content, and runs the others. Written by
# \`taskvault hooks install\`; \`taskvault hooks uninstall\` puts back what was here. Do not edit.
project=${quoteForShell(project)}
${renderRecordedCommand(facts)}${renderChain(facts)}
# In a bare repository, or on a branch without the project, there is nothing to test.
if [ ! -e .git ] || [ ! -d "$project" ]; then exit 0; fi
set -- -C "$project" hooks run ${hook} "$@"
${listCandidates(facts).map(renderCandidate).join('\nel')}
else
  echo 'taskvault: not found, so ${hook} goes on without it; to fix this: taskvault hooks install' >&2
  exit 0
fi
${readsRefs(facts) ? 'send_refs | "$@"' : 'exec "$@"'}
`
}

/** Where to look for the command line: a condition, and words that start it; the first one counts. */
interface Candidate {
  readonly condition: string
  readonly words: string
}

function listCandidates({ command, project }: HookFacts): readonly Candidate[] {
  const recorded = [
    { condition: '[ -f "$cli" ] && [ -x "$node" ]', words: '"$node" "$cli"' },
    { condition: '[ -f "$cli" ] && command -v node >/dev/null', words: 'node "$cli"' },
  ]
  return [
    ...(command === undefined ? [] : recorded),
    // A project below the root can have dependencies of its own.
    ...(project === '.' ? [] : [installedIn('$project/')]),
    installedIn(''),
    { condition: 'command -v taskvault >/dev/null', words: 'taskvault' },
  ]
}

function installedIn(directory: string): Candidate {
  const program = `"${directory}node_modules/.bin/taskvault"`
  return { condition: `[ -x ${program} ]`, words: program }
}

function renderCandidate({ condition, words }: Candidate): string {
  return `if ${condition}; then set -- ${words} "$@"`
}

function renderRecordedCommand({ command, platform }: HookFacts): string {
  if (command === undefined) return ''
  const { node, script } = command
  const searchPath = toSearchPath(node, platform)
  const directory = searchPath.slice(0, searchPath.lastIndexOf('/'))
  return `node=${quoteForShell(toShellPath(node, platform))}
cli=${quoteForShell(toShellPath(script, platform))}
# Programs with windows start git with a search path that lacks the user's Node.
command -v node >/dev/null || PATH="$PATH:"${quoteForShell(directory)}
`
}

/** Two read git's list of refs, so it is read once and handed to each. */
function readsRefs({ hook, isChained }: HookFacts): boolean {
  return hook === 'pre-push' && isChained
}

function renderChain(facts: HookFacts): string {
  if (!facts.isChained) return ''
  const kept = `# What was here before runs first.\nkept="\${0%/*}/${keptNameOf(facts.hook)}"\n`
  if (!readsRefs(facts)) return `${kept}if [ -x "$kept" ]; then "$kept" "$@" || exit; fi`
  return `${kept}refs=$(cat)
send_refs() { [ -z "$refs" ] || printf '%s\\n' "$refs" 2>/dev/null; }
if [ -x "$kept" ]; then send_refs | "$kept" "$@" || exit; fi`
}

function parseFacts(json: string): HookFacts | undefined {
  try {
    // Written by us: what follows the mark is what `renderHookScript` was given.
    return JSON.parse(json) as HookFacts
  } catch {
    return undefined
  }
}
