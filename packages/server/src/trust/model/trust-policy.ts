import type { TrustedTrigger } from './ci-job.ts'

/** What the owner of a tenant decides; none of it can widen what an untrusted job may write. */
export interface TrustPolicy {
  /**
   * What pull requests of forks may do: nothing at all, read what is protected, or that and write
   * into a scope that nothing but the same pull request reads.
   */
  readonly forkPullRequests: 'nothing' | 'read' | 'isolated'
  /** What may write as a branch, and, where the ref is protected, as protected. */
  readonly trustedTriggers: readonly TrustedTrigger[]
  /** Jobs defined by these files are releases; `*` stands for any text. */
  readonly releaseWorkflows: readonly string[]
  /** Whether releases read what is protected, or nothing. */
  readonly releaseReads: 'nothing' | 'protected'
}

export const DEFAULT_TRUST_POLICY: TrustPolicy = {
  forkPullRequests: 'read',
  trustedTriggers: ['push', 'schedule', 'merge-queue', 'manual'],
  releaseWorkflows: [],
  releaseReads: 'nothing',
}

/** Whether `text` is `pattern` with some text for every `*`. */
export function matchesWorkflow(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return text === pattern
  if (!text.startsWith(first)) return false
  const last = rest.pop() ?? ''
  let from = first.length
  for (const part of rest) {
    const at = text.indexOf(part, from)
    if (at === -1) return false
    from = at + part.length
  }
  return text.length - last.length >= from && text.endsWith(last)
}
