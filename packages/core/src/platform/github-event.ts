/** What of GitHub's event document is of use; the rest is not looked at. */
export interface GitHubEvent {
  readonly defaultBranch: string | undefined
  readonly change: { readonly number: string | undefined; readonly isFromFork: boolean } | undefined
}

/** Reads the document, trusting nothing. */
export function readGitHubEvent(document: unknown): GitHubEvent {
  const defaultBranch = readText(readField(readField(document, 'repository'), 'default_branch'))
  return { defaultBranch, change: readPullRequest(document) ?? readFollowedRun(document) }
}

function readPullRequest(document: unknown): GitHubEvent['change'] {
  const pull = readField(document, 'pull_request')
  if (typeof pull !== 'object' || pull === null) return undefined
  const [head, base] = [readField(pull, 'head'), readField(pull, 'base')]
  const number = readField(pull, 'number')
  return {
    number: typeof number === 'number' ? String(number) : undefined,
    isFromFork: isOther(readField(head, 'repo'), readField(base, 'repo')),
  }
}

/** A workflow that runs after another one usually works on what that one was about. */
function readFollowedRun(document: unknown): GitHubEvent['change'] {
  const run = readField(document, 'workflow_run')
  if (typeof run !== 'object' || run === null) return undefined
  const isFromFork = isOther(readField(run, 'head_repository'), readField(document, 'repository'))
  return { number: undefined, isFromFork }
}

/** Also true in doubt: a fork that is gone is no repository. */
function isOther(head: unknown, base: unknown): boolean {
  const [headId, baseId] = [readField(head, 'id'), readField(base, 'id')]
  return typeof headId !== 'number' || headId !== baseId
}

function readField(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
