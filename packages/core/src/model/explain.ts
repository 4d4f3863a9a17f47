import type { FileInput, Fingerprint, NamedInput } from './fingerprint.ts'

/** One difference between two fingerprints, or another reason why an entry could not be used. */
export type ChangeReason =
  | { readonly kind: 'first-run' }
  | { readonly kind: 'file-added'; readonly relativePath: string }
  | { readonly kind: 'file-removed'; readonly relativePath: string }
  | { readonly kind: 'file-changed'; readonly relativePath: string }
  | { readonly kind: 'file-renamed'; readonly relativePath: string; readonly formerPath: string }
  | { readonly kind: 'mode-changed'; readonly relativePath: string; readonly isExecutable: boolean }
  | { readonly kind: 'kind-changed'; readonly relativePath: string }
  | { readonly kind: 'env-changed'; readonly name: string; readonly now: NowSet }
  | { readonly kind: 'tool-changed'; readonly command: string; readonly now: NowDeclared }
  | { readonly kind: 'command-changed' }
  | { readonly kind: 'salt-changed' }
  | { readonly kind: 'content-changed' }
  | { readonly kind: 'algorithm-changed' }
  /** The key had an entry, which is gone or could not be used. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'evicted' }
  | { readonly kind: 'damaged'; readonly detail: string }
  /** The declared outputs differ from those of the entry. */
  | { readonly kind: 'outputs-changed' }
  /** The cache itself could not be used. */
  | { readonly kind: 'unavailable'; readonly detail: string }
  | { readonly kind: 'failed-before'; readonly exitCode: number }
  /** A hook's policy does not accept passes by others. */
  | { readonly kind: 'pass-of-others'; readonly passesOf: 'me' | 'ci' }
  /** The entry was saved without what the command writes to files of the CI system. */
  | { readonly kind: 'notes-missing' }
  /** Further differences of the same kind, not listed. */
  | { readonly kind: 'and-more'; readonly count: number }

/** What is so now of something that is declared by name: it counts as `other` than it was, or is new or gone. */
type NowDeclared = 'other' | 'declared' | 'undeclared'
type NowSet = NowDeclared | 'set' | 'unset'

/** More differences of one kind than this are counted, not listed. */
const LISTED_OF_A_KIND = 20

/**
 * Why the key of `after` is not the key of `before`: what was declared first, then files in the
 * order of their paths. A file that only moved is one rename. At most 20 reasons of a kind, followed
 * by how many more there are. Empty when the fingerprints are equal.
 */
export function compareFingerprints(before: Fingerprint, after: Fingerprint): ChangeReason[] {
  // Digests of different algorithms cannot be compared: nothing more is known.
  if (before.algorithm !== after.algorithm) return [{ kind: 'algorithm-changed' }]
  const reasons: ChangeReason[] = []
  if (before.command !== after.command) reasons.push({ kind: 'command-changed' })
  if (before.salt !== after.salt) reasons.push({ kind: 'salt-changed' })
  if (before.content !== after.content) reasons.push({ kind: 'content-changed' })
  if (before.outputs !== after.outputs) reasons.push({ kind: 'outputs-changed' })
  const files = compareFiles(before.files, after.files)
  const all = [
    ...compareTools(before.tools, after.tools),
    ...compareEnv(before.env, after.env),
    ...files.toSorted((a, b) => RANKS.indexOf(a.kind) - RANKS.indexOf(b.kind)),
  ]
  return [...reasons, ...shorten(all)]
}

type FileReason = Extract<ChangeReason, { readonly relativePath: string }>

/** What people look for first: edits, then what came and went. */
const RANKS: readonly FileReason['kind'][] = [
  'file-changed',
  'mode-changed',
  'kind-changed',
  'file-renamed',
  'file-added',
  'file-removed',
]

function compareTools(before: readonly NamedInput[], after: readonly NamedInput[]): ChangeReason[] {
  return changedNames(before, after).map(({ name, now }) => ({
    kind: 'tool-changed',
    command: name,
    now,
  }))
}

function compareEnv(before: readonly NamedInput[], after: readonly NamedInput[]): ChangeReason[] {
  return changedNames(before, after).map(({ name, now, was, is }) => ({
    kind: 'env-changed',
    name,
    now: now !== 'other' ? now : is === undefined ? 'unset' : was === undefined ? 'set' : now,
  }))
}

interface NamedChange {
  readonly name: string
  readonly now: NowDeclared
  readonly was: string | undefined
  readonly is: string | undefined
}

/** Names in either list whose digest differs, or that only one list declares; sorted. */
function changedNames(before: readonly NamedInput[], after: readonly NamedInput[]): NamedChange[] {
  const [were, are] = [byName(before), byName(after)]
  return [...new Set([...were.keys(), ...are.keys()])]
    .filter((name) => were.has(name) !== are.has(name) || were.get(name) !== are.get(name))
    .toSorted()
    .map((name) => ({
      name,
      now: !were.has(name) ? 'declared' : !are.has(name) ? 'undeclared' : 'other',
      was: were.get(name),
      is: are.get(name),
    }))
}

function byName(inputs: readonly NamedInput[]): Map<string, string | undefined> {
  return new Map(inputs.map(({ name, digest }) => [name, digest]))
}

function compareFiles(before: readonly FileInput[], after: readonly FileInput[]): FileReason[] {
  const former = new Map(before.map((file) => [file.relativePath, file]))
  const added: FileInput[] = []
  const reasons: FileReason[] = []
  for (const file of after) {
    const earlier = former.get(file.relativePath)
    former.delete(file.relativePath)
    if (earlier === undefined) added.push(file)
    else reasons.push(...compareFile(earlier, file))
  }
  return [...reasons, ...pairRenames([...former.values()], added)]
}

function compareFile(before: FileInput, after: FileInput): FileReason[] {
  const { relativePath, kind } = after
  if ((before.kind === 'symlink') !== (kind === 'symlink'))
    return [{ kind: 'kind-changed', relativePath }]
  if (before.digest !== after.digest) return [{ kind: 'file-changed', relativePath }]
  if (before.kind === kind) return []
  return [{ kind: 'mode-changed', relativePath, isExecutable: kind === 'executable' }]
}

/**
 * A file that is gone and a new one with the same content are one file that moved; of several, that of the
 * same base name. Thousands can have the same content: empty ones.
 */
function pairRenames(removed: readonly FileInput[], added: readonly FileInput[]): FileReason[] {
  const alike = queuesBy(removed, (file) => `${contentOf(file)} ${baseName(file)}`)
  const equal = queuesBy(removed, contentOf)
  const moved = new Set<FileInput>()
  const reasons = added.map((file): FileReason => {
    const { relativePath } = file
    const former = alike(file, moved) ?? equal(file, moved)
    if (former === undefined) return { kind: 'file-added', relativePath }
    moved.add(former)
    return { kind: 'file-renamed', relativePath, formerPath: former.relativePath }
  })
  const gone = removed.filter((file) => !moved.has(file))
  return [
    ...reasons,
    ...gone.map(({ relativePath }) => ({ kind: 'file-removed' as const, relativePath })),
  ]
}

type FindFirst = (file: FileInput, except: ReadonlySet<FileInput>) => FileInput | undefined

/** Finds the first of `files` that `describe` says the same of; what is excepted once stays so. */
function queuesBy(files: readonly FileInput[], describe: (file: FileInput) => string): FindFirst {
  const queues = Map.groupBy(files.toReversed(), describe)
  return (file, except) => {
    const queue = queues.get(describe(file)) ?? []
    for (let first = queue.at(-1); first !== undefined; first = queue.at(-1)) {
      if (!except.has(first)) return first
      queue.pop()
    }
    return undefined
  }
}

function contentOf(file: FileInput): string {
  return `${file.kind} ${file.digest}`
}

function baseName(file: FileInput): string {
  return file.relativePath.slice(file.relativePath.lastIndexOf('/') + 1)
}

/** Keeps the first reasons of each kind; the reasons come grouped by kind. */
function shorten(reasons: readonly ChangeReason[]): ChangeReason[] {
  return [...Map.groupBy(reasons, (reason) => reason.kind).values()].flatMap((group) =>
    group.length <= LISTED_OF_A_KIND
      ? group
      : [
          ...group.slice(0, LISTED_OF_A_KIND),
          { kind: 'and-more' as const, count: group.length - LISTED_OF_A_KIND },
        ],
  )
}
