import type { ChangeReason } from './explain.ts'

/**
 * Says in a few words why a key was not found, naming what is different. The text is not escaped: file names in it can
 * contain line breaks and control characters.
 */
export function nameReason(reason: ChangeReason): string {
  switch (reason.kind) {
    case 'first-run':
      return 'nothing was saved for this task yet'
    case 'file-added':
      return `added: ${reason.relativePath}`
    case 'file-removed':
      return `removed: ${reason.relativePath}`
    case 'file-changed':
      return `changed: ${reason.relativePath}`
    case 'file-renamed':
      return `renamed: ${reason.formerPath} to ${reason.relativePath}`
    case 'mode-changed':
      return `${reason.isExecutable ? 'now executable' : 'no longer executable'}: ${reason.relativePath}`
    case 'kind-changed':
      return `now a different kind of file: ${reason.relativePath}`
    case 'env-changed':
      return `environment variable ${reason.name} ${ENV_CHANGES[reason.now]}`
    case 'tool-changed':
      return `${TOOL_CHANGES[reason.now]}: ${reason.command}`
    case 'command-changed':
      return 'the command has changed'
    case 'salt-changed':
      return 'the salt has changed'
    case 'content-changed':
      return 'the content of the input has changed'
    case 'algorithm-changed':
      return 'the hash algorithm has changed'
    case 'expired':
      return 'the entry has expired'
    case 'evicted':
      return 'the entry was evicted'
    case 'damaged':
      return `the entry is damaged: ${reason.detail}`
    case 'outputs-changed':
      return 'the entry has different outputs from those declared now'
    case 'unavailable':
      return `the cache could not be used: ${reason.detail}`
    case 'failed-before':
      return `the command failed before, with exit code ${reason.exitCode}`
    case 'pass-of-others':
      return reason.passesOf === 'ci'
        ? 'it passed before, and only passes in CI count here'
        : 'it passed before for somebody else, and only your own passes count here'
    case 'notes-missing':
      return 'the entry was saved without recording what the command writes to files of the CI runner'
    case 'and-more':
      return `and ${reason.count} more`
  }
}

type NowOf<Kind> = Extract<ChangeReason, { readonly kind: Kind; readonly now: string }>['now']

const ENV_CHANGES: Readonly<Record<NowOf<'env-changed'>, string>> = {
  set: 'is now set',
  unset: 'is no longer set',
  other: 'has a different value',
  declared: 'counts now, but did not before',
  undeclared: 'no longer counts',
}

const TOOL_CHANGES: Readonly<Record<NowOf<'tool-changed'>, string>> = {
  other: 'tool version changed',
  declared: 'a tool that counts now, but did not before',
  undeclared: 'a tool that no longer counts',
}
