import type { Settings } from '../../config/settings.ts'
import { TaskVaultError } from '../../errors.ts'
import { relativePathOf } from '../../files/relative-path-of.ts'
import type { BegunWork, NothingToSave } from '../../model/begun-work.ts'
import type { TaskKey } from '../../model/digest.ts'
import type { ChangeReason } from '../../model/explain.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import { selectCachePaths } from '../targets/cache-selection.ts'
import { findTaskOutputs } from '../targets/task-outputs.ts'
import type { CacheSelection, OutputTarget, TaskOutputs } from '../vault.ts'
import { lookUp } from './look-up.ts'
import { findArchiveFor, restoreArchive } from './restore-archive.ts'
import type { ArchiveSource, LookUpOfCache } from './restore-archive.ts'
import type {
  HitOutcome,
  KeyableWork,
  NamedKey,
  NewestQuery,
  RunRequest,
  RunVault,
} from './run-contract.ts'
import { unlessTrouble } from './run-trouble.ts'

/** The first half of a run, for a caller that runs the task itself. */
export interface RestoreTaskRequest
  extends KeyableWork, Pick<RunRequest, 'policy' | 'output' | 'isTerminal' | 'onEvent' | 'signal'> {
  /** Absolute. */
  readonly projectRoot: string
  /** Answers with a miss whatever is known. */
  readonly skipsLookup: boolean
  /** Only says what is known, as `found` of a miss: nothing is fetched, and nothing put in place. */
  readonly looksOnly?: boolean
  readonly neverSaves: 'read-only' | undefined
  /** Whether what was restored is saved again, should the work change it. */
  readonly updates?: boolean
  /** For a cache: whose newest entry is better than nothing, the best one first. */
  readonly fallbacks: readonly NewestQuery[]
  /** What actions/cache may have saved for this work; undefined: nobody asks. */
  readonly archives?: ArchiveSource
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export type RestoreTaskOutcome = (HitOutcome | RestoreMiss) & {
  /** What the save that follows needs. */
  readonly begun: BegunWork
}

export interface RestoreMiss {
  readonly kind: 'miss'
  /** Undefined when trouble kept it from being known. */
  readonly key: TaskKey | undefined
  readonly reasons: readonly ChangeReason[]
  /** What was put in place instead; undefined: nothing. */
  readonly fallback?: HitOutcome
  /** What would have been put in place, had that been asked for. */
  readonly found?: NamedKey
}

/**
 * Restores the saved outputs of a task if its inputs are the same, or says why not. A saved failure is a miss here,
 * because callers that run the task themselves have no way to report its status.
 * Trouble with the cache is reported as an event, and is a miss.
 * @param vault undefined when no vault could be opened, which the caller has reported.
 * @throws {TaskVaultError} when the request is wrong: INPUT_MISSING, OUTPUT_FORBIDDEN, …
 */
export async function restoreTask(
  vault: RunVault | undefined,
  request: RestoreTaskRequest,
): Promise<RestoreTaskOutcome> {
  if (vault === undefined) return miss(request, { nothingToSave: 'trouble' })
  const targets = findTargets(request, vault.settings)
  const work = await unlessTrouble({ vault, request }, () => vault.fingerprint(request))
  if (work === undefined) return miss(request, { nothingToSave: 'trouble' })
  const nothingToSave = request.neverSaves
  if (request.skipsLookup) return miss(request, { work, nothingToSave })

  const run = { vault, request, targets, work }
  if (request.looksOnly === true) return await look(run)
  const policy = { ...request.policy, cacheFailures: false }
  const found = await lookUp({ vault, request: { ...request, policy }, targets, work })
  if (found.kind === 'hit') {
    return { ...found, begun: begin(request, { work, nothingToSave: afterHit(request) }) }
  }
  const { reasons } = found
  // After trouble, more of the same would only cost more time.
  if (found.isTrouble) return miss(request, { work, reasons, nothingToSave: 'trouble' })
  const newest = askForNewest(run)
  const archive = await findArchiveFor(run, request.archives)
  const same = archive?.isExact === true ? await restoreArchive(run, archive) : undefined
  if (same !== undefined)
    return { ...same, begun: begin(request, { work, nothingToSave: afterHit(request) }) }
  const other = archive?.isExact === false ? archive : undefined
  const fallback =
    (await findFallback(run, newest)) ?? (other && (await restoreArchive(run, other)))
  return miss(request, { work, reasons, nothingToSave, fallback })
}

function afterHit({ updates, neverSaves }: RestoreTaskRequest): NothingToSave | undefined {
  return updates === true ? neverSaves : 'restored'
}

function findTargets(
  { definition, isCache = false, isLoose = false, fallbacks, env }: RestoreTaskRequest,
  settings: Settings,
): readonly OutputTarget[] | CacheSelection | TaskOutputs {
  if (isCache) return selectCachePaths(definition.outputs, { ...settings, env, isLoose })
  if (fallbacks.length > 0) {
    throw new TaskVaultError('ARGUMENT_INVALID', 'The result of a task has no fallback', {
      hint: 'The result for other inputs does not fit these; only a --cache can start from one.',
    })
  }
  return findTaskOutputs(definition, { ...settings, env })
}

type Fallback = LookUpOfCache & { readonly request: RestoreTaskRequest }

type Asked = Promise<NamedKey | undefined>

/** The newest entry by each of the names. All are asked for at once: a remote store may be far away. */
function askForNewest(run: Fallback): readonly Asked[] {
  return run.request.fallbacks.map((query) => {
    const asked = unlessTrouble(run, () => run.vault.findNewest(query))
    // Whoever has no use for an answer does not wait for it.
    asked.catch(() => {})
    return asked
  })
}

/** The first that there is, put in place. */
async function findFallback(
  run: Fallback,
  newest: readonly Asked[],
): Promise<HitOutcome | undefined> {
  for (const asked of newest) {
    const found = await asked
    if (found === undefined) continue
    const { task, key } = found
    const outcome = await lookUp({
      ...run,
      request: { ...run.request, task },
      work: { ...run.work, key },
    })
    if (outcome.kind === 'hit') return outcome
    if (outcome.isTrouble) return undefined
  }
  return undefined
}

async function look(run: Fallback): Promise<RestoreTaskOutcome> {
  const { vault, request, work } = run
  const exact = { task: request.task, key: work.key }
  const isKnown = await unlessTrouble(run, () => vault.isKnown(exact))
  if (isKnown === undefined) return miss(request, { work, nothingToSave: 'trouble' })
  if (isKnown) return miss(request, { work, nothingToSave: afterHit(request), found: exact })
  const newest = askForNewest(run)
  const archive = await findArchiveFor(run, request.archives)
  if (archive?.isExact === true)
    return miss(request, { work, nothingToSave: afterHit(request), found: exact })
  const nothingToSave = request.neverSaves
  for (const asked of newest) {
    const found = await asked
    if (found !== undefined) return miss(request, { work, nothingToSave, found })
  }
  if (archive === undefined) return miss(request, { work, nothingToSave })
  const { key } = await vault.fingerprint(archive.work)
  return miss(request, { work, nothingToSave, found: { task: archive.work.task, key } })
}

interface Begin {
  readonly work?: KeyedFingerprint
  readonly reasons?: readonly ChangeReason[]
  readonly nothingToSave: NothingToSave | undefined
  readonly fallback?: HitOutcome | undefined
  readonly found?: NamedKey
}

function miss(request: RestoreTaskRequest, what: Begin): RestoreTaskOutcome {
  const { work, reasons = [], fallback, found } = what
  return {
    kind: 'miss',
    key: work?.key,
    reasons,
    ...(fallback !== undefined && { fallback }),
    ...(found !== undefined && { found }),
    begun: begin(request, what),
  }
}

function begin(request: RestoreTaskRequest, { work, nothingToSave }: Begin): BegunWork {
  const { task, definition, command, directory, projectRoot, now } = request
  return {
    task,
    startedAtMs: now(),
    nothingToSave,
    key: work?.key,
    fingerprint: nothingToSave === undefined ? work?.fingerprint : undefined,
    inputs: definition.inputs,
    outputs: definition.outputs,
    outputPatterns: definition.outputPatterns ?? [],
    salt: definition.salt,
    command,
    isCache: request.isCache === true,
    isLoose: request.isLoose === true,
    relativeDirectory: relativePathOf(directory, projectRoot),
  }
}
