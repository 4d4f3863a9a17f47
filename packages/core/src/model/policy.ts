export type EvictionStrategy = 'lru' | 'lfu' | 'fifo'

export const EVICTION_STRATEGIES: readonly EvictionStrategy[] = ['lru', 'lfu', 'fifo']

/** One block under `policies:` or `branches:`; what it leaves out comes from a less specific one. */
export interface PolicyFields {
  readonly ttlSeconds?: number | 'never'
  readonly maxSizeBytes?: number | 'unlimited'
  readonly strategy?: EvictionStrategy
  /** Whether failing results are remembered; they are not, unless a policy says so. */
  readonly cacheFailures?: boolean
  /** Whether this task or branch may write entries; read-only when false. */
  readonly write?: boolean
}

/** What applies to one task on one branch, every field decided. */
export interface ResolvedPolicy {
  /** Undefined: entries do not expire. */
  readonly ttlSeconds: number | undefined
  /** Undefined: no limit for a single entry. */
  readonly maxSizeBytes: number | undefined
  readonly strategy: EvictionStrategy
  readonly cacheFailures: boolean
  readonly write: boolean
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
  readonly branch: string | undefined
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

const BUILT_IN: Required<PolicyFields> = {
  ttlSeconds: 'never',
  maxSizeBytes: 'unlimited',
  strategy: 'lru',
  cacheFailures: false,
  write: true,
}

const DEFAULT_NAME = 'default'

/** Decides every field for one task on one branch: the most specific block that sets it wins. */
export function resolvePolicy(table: PolicyTable, subject: PolicySubject): ResolvedPolicy {
  const fields = mergeFields(findApplyingPolicies(table, subject))
  return {
    ttlSeconds: fields.ttlSeconds === 'never' ? undefined : fields.ttlSeconds,
    maxSizeBytes: fields.maxSizeBytes === 'unlimited' ? undefined : fields.maxSizeBytes,
    strategy: fields.strategy,
    cacheFailures: fields.cacheFailures,
    write: fields.write,
  }
}

/** Like `resolvePolicy`, and says for each field which block decided it. */
export function explainPolicy(
  table: PolicyTable,
  subject: PolicySubject,
): readonly ExplainedField[] {
  const applying = findApplyingPolicies(table, subject)
  const names = Object.keys(BUILT_IN) as (keyof PolicyFields)[]
  return names.flatMap((field) => {
    const from = applying.find((policy) => policy.fields[field] !== undefined)
    const value = from?.fields[field]
    return from === undefined || value === undefined ? [] : [{ field, value, from }]
  })
}

/**
 * The blocks that apply, most specific first: by the task's name, by a glob over tasks, by the
 * branch's name, by a glob over branches, `default`, and what is built in. Of two globs, the one with
 * more literal characters is the more specific; of two equal ones, the later in the file.
 */
export function findApplyingPolicies(
  table: PolicyTable,
  { task, branch }: PolicySubject,
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

/**
 * Whether `subject` matches `glob`: `*` is any text, slashes included, so that `feature/*` also covers
 * `feature/login/form`; `?` is any one character. Linear but for the last `*`: no input makes it slow.
 */
export function matchesGlob(glob: string, subject: string): boolean {
  let inGlob = 0
  let inSubject = 0
  let lastStar = -1
  let resumeAt = 0
  while (inSubject < subject.length) {
    const expected = glob[inGlob]
    if (expected === '*') {
      lastStar = inGlob++
      resumeAt = inSubject
    } else if (expected === '?' || (expected !== undefined && expected === subject[inSubject])) {
      inGlob += 1
      inSubject += 1
    } else if (lastStar >= 0) {
      inGlob = lastStar + 1
      inSubject = ++resumeAt
    } else return false
  }
  while (glob[inGlob] === '*') inGlob += 1
  return inGlob === glob.length
}

function mergeFields(applying: readonly ApplyingPolicy[]): Required<PolicyFields> {
  return applying.reduceRight((merged, policy) => ({ ...merged, ...policy.fields }), BUILT_IN)
}
