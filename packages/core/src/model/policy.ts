import { matchesGlob } from './matches-glob.ts'
import type { GitHook } from './task.ts'

export type EvictionStrategy = 'lru' | 'lfu' | 'fifo'

export const EVICTION_STRATEGIES: readonly EvictionStrategy[] = ['lru', 'lfu', 'fifo']

/** A century: how long an entry may be said to live at most. */
export const LONGEST_TTL_SECONDS = 3_155_760_000

/** What a task that fails in a git hook means: refusal, a warning, or that it is not even run. */
export type HookMode = 'require' | 'warn' | 'off'

export const HOOK_MODES: readonly HookMode[] = ['require', 'warn', 'off']

/** What a hook does where the work tree differs from what is committed or pushed. */
export type UnstagedHandling = 'snapshot' | 'in-place'

export const UNSTAGED_HANDLINGS: readonly UnstagedHandling[] = ['snapshot', 'in-place']

/** Whose record of a pass counts in hooks: everybody's, our own, or that of CI systems. */
export type PassesOf = 'anyone' | 'me' | 'ci'

export const PASSES_OF: readonly PassesOf[] = ['anyone', 'me', 'ci']

/** One block under `policies:` or `branches:`; missing fields come from a less specific block. */
export interface PolicyFields {
  readonly ttlSeconds?: number | 'never'
  readonly maxSizeBytes?: number | 'unlimited'
  readonly strategy?: EvictionStrategy
  /** Whether failures are saved; by default they are not. */
  readonly cacheFailures?: boolean
  /** Whether this task or branch may write entries; false means read-only. `ci`: only CI systems may write. */
  readonly write?: boolean | 'ci'
  readonly preCommit?: HookMode
  /** Defaults to `preCommit`: a merge makes a commit too. */
  readonly preMergeCommit?: HookMode
  readonly prePush?: HookMode
  readonly unstaged?: UnstagedHandling
  readonly passesOf?: PassesOf
}

/** The policy of one task on one branch, with every field decided. */
export interface ResolvedPolicy {
  /** Undefined: entries do not expire. */
  readonly ttlSeconds: number | undefined
  /** Undefined: no limit for a single entry. */
  readonly maxSizeBytes: number | undefined
  readonly strategy: EvictionStrategy
  readonly cacheFailures: boolean
  readonly write: boolean
}

/** What applies to one task in git hooks on one branch, every field decided. */
export interface HookPolicy {
  readonly modes: Readonly<Record<GitHook, HookMode>>
  readonly unstaged: UnstagedHandling
  readonly passesOf: PassesOf
}

/** The policies of a configuration, by name or glob. */
export interface PolicyTable {
  /** Apply by task; those whose name matches the current branch apply by branch. */
  readonly policies: Readonly<Record<string, PolicyFields>>
  /** Apply by branch only. A name that stands here applies by task only under `policies`. */
  readonly branches: Readonly<Record<string, PolicyFields>>
}

export interface PolicySubject {
  readonly task: string
  /** Undefined: no branch is known, as with a detached HEAD. */
  readonly branch?: string | undefined
  /** Where the work is done, as in an entry's origin; not a CI system unless told. */
  readonly platform?: string | undefined
  /** Whether it is a change from a fork, which reads only unless the task's block has `write: true`. */
  readonly isFromFork?: boolean
}

/** A block that applies to a subject, and by what. */
export interface ApplyingPolicy {
  readonly section: 'policies' | 'branches' | 'built-in'
  readonly name: string
  readonly by: 'task' | 'branch' | 'default'
  readonly fields: PolicyFields
}

/** One decided field and the block that decided it. */
export interface ExplainedField {
  readonly field: keyof PolicyFields
  readonly value: number | string | boolean
  readonly from: ApplyingPolicy
}

/** Every field that does not follow another one. */
type DecidedFields = Required<Omit<PolicyFields, 'preMergeCommit'>>

const BUILT_IN: DecidedFields = {
  ttlSeconds: 'never',
  maxSizeBytes: 'unlimited',
  strategy: 'lru',
  cacheFailures: false,
  write: true,
  preCommit: 'require',
  prePush: 'require',
  unstaged: 'snapshot',
  passesOf: 'anyone',
}

/** What a fork makes is good enough for nobody else, unless somebody has decided so for the task. */
const FOR_FORKS: ApplyingPolicy = {
  section: 'built-in',
  name: 'fork',
  by: 'default',
  fields: { write: false },
}

/** In the order of the documentation. */
const FIELDS: readonly (keyof PolicyFields)[] = [
  'ttlSeconds',
  'maxSizeBytes',
  'strategy',
  'cacheFailures',
  'write',
  'preCommit',
  'preMergeCommit',
  'prePush',
  'unstaged',
  'passesOf',
]

const DEFAULT_NAME = 'default'

/** Decides every field for one task on one branch: the most specific block that sets the field wins. */
export function resolvePolicy(table: PolicyTable, subject: PolicySubject): ResolvedPolicy {
  const fields = mergeFields(findApplyingPolicies(table, subject))
  return {
    ttlSeconds: fields.ttlSeconds === 'never' ? undefined : fields.ttlSeconds,
    maxSizeBytes: fields.maxSizeBytes === 'unlimited' ? undefined : fields.maxSizeBytes,
    strategy: fields.strategy,
    cacheFailures: fields.cacheFailures,
    write: fields.write === 'ci' ? isCi(subject) : fields.write,
  }
}

/** Whether a CI system works for the project itself. */
function isCi({ platform = 'local', isFromFork = false }: PolicySubject): boolean {
  return platform !== 'local' && !isFromFork
}

/** Decides every field that is about git hooks, by the same order. */
export function resolveHookPolicy(table: PolicyTable, subject: PolicySubject): HookPolicy {
  const fields = mergeFields(findApplyingPolicies(table, subject))
  return {
    modes: {
      'pre-commit': fields.preCommit,
      'pre-merge-commit': fields.preMergeCommit ?? fields.preCommit,
      'pre-push': fields.prePush,
    },
    unstaged: fields.unstaged,
    passesOf: fields.passesOf,
  }
}

/** Like `resolvePolicy`, but also says which block decided each field. */
export function explainPolicy(
  table: PolicyTable,
  subject: PolicySubject,
): readonly ExplainedField[] {
  const applying = findApplyingPolicies(table, subject)
  return FIELDS.flatMap((field) => {
    const isFollowing =
      field === 'preMergeCommit' && applying.every(({ fields }) => fields[field] === undefined)
    const read = isFollowing ? 'preCommit' : field
    const from = applying.find((policy) => policy.fields[read] !== undefined)
    const value = from?.fields[read]
    return from === undefined || value === undefined ? [] : [{ field, value, from }]
  })
}

/**
 * The blocks that apply, most specific first: by the task's name, by a glob over tasks, what is built
 * in for forks, by the branch's name, by a glob over branches, `default`, and what is built in. Of two
 * globs, the one with more literal characters is the more specific; of two equal ones, the later in
 * the file.
 */
export function findApplyingPolicies(
  table: PolicyTable,
  { task, branch, isFromFork = false }: PolicySubject,
): readonly ApplyingPolicy[] {
  const { policies, branches } = table
  const ofBranch =
    branch === undefined
      ? []
      : [
          ...matching(branches, branch).map(
            ([name, fields]) => ({ section: 'branches', name, fields }) as const,
          ),
          ...matching(policies, branch)
            // Where the file spells the branch out, the block of the same name is a task's.
            .filter(([name]) => !Object.hasOwn(branches, name))
            .map(([name, fields]) => ({ section: 'policies', name, fields }) as const),
        ]
  return [
    ...matching(policies, task).map(
      ([name, fields]) => ({ section: 'policies', name, by: 'task', fields }) as const,
    ),
    // Before the branch, whose name the fork has chosen.
    ...(isFromFork ? [FOR_FORKS] : []),
    ...ofBranch
      .map((policy) => ({ ...policy, by: 'branch' }) as const)
      .toSorted((left, right) => specificity(right.name) - specificity(left.name)),
    ...Object.entries(policies)
      .filter(([name]) => name === DEFAULT_NAME)
      .map(([name, fields]) => ({ section: 'policies', name, by: 'default', fields }) as const),
    { section: 'built-in', name: DEFAULT_NAME, by: 'default', fields: BUILT_IN },
  ]
}

/** Blocks whose name matches, most specific first. `default` is the base of all and matches nothing. */
function matching(
  blocks: Readonly<Record<string, PolicyFields>>,
  subject: string,
): readonly (readonly [string, PolicyFields])[] {
  return Object.entries(blocks)
    .toReversed()
    .filter(([name]) => name !== DEFAULT_NAME && matchesGlob(name, subject))
    .toSorted(([left], [right]) => specificity(right) - specificity(left))
}

/** A plain name before every glob; then by the number of literal characters. */
function specificity(name: string): number {
  const literals = name.replace(/[*?]/g, '').length
  return literals === name.length ? Number.POSITIVE_INFINITY : literals
}

function mergeFields(
  applying: readonly ApplyingPolicy[],
): DecidedFields & Pick<PolicyFields, 'preMergeCommit'> {
  return applying.reduceRight((merged, policy) => ({ ...merged, ...policy.fields }), BUILT_IN)
}
