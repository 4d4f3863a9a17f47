/** What of GitHub's event document is of use; the rest is not looked at. */
export interface GitHubEvent {
  readonly defaultBranch: string | undefined
  readonly change: { readonly number: string | undefined; readonly isFromFork: boolean } | undefined
}

/** Reads the document, trusting nothing. A pull request whose fork is gone has no head repository. */
export function readGitHubEvent(document: unknown): GitHubEvent {
  const defaultBranch = readText(readField(readField(document, 'repository'), 'default_branch'))
  const pull = readField(document, 'pull_request')
  if (typeof pull !== 'object' || pull === null) return { defaultBranch, change: undefined }
  const [head, base] = [repositoryId(pull, 'head'), repositoryId(pull, 'base')]
  const number = readField(pull, 'number')
  return {
    defaultBranch,
    change: {
      number: typeof number === 'number' ? String(number) : undefined,
      isFromFork: head === undefined || head !== base,
    },
  }
}

function repositoryId(pull: object, side: 'head' | 'base'): number | undefined {
  const id = readField(readField(readField(pull, side), 'repo'), 'id')
  return typeof id === 'number' ? id : undefined
}

function readField(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
