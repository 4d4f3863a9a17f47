import { createMemoryStatCache } from '../files/scanning/stat-cache.ts'
import { findRepository } from '../git/find-repository.ts'
import type { Repository } from '../git/find-repository.ts'
import type { GitOptions } from '../git/run-git.ts'
import { openHashAlgorithm } from '../hashing/open-hash-algorithm.ts'
import type { Origin } from '../model/manifest.ts'
import { detectOrigin } from '../platform/detect-origin.ts'
import { findEntry } from '../store/entries/entries.ts'
import type { EntryRow } from '../store/entries/entries.ts'
import { recordHit } from '../store/entries/record-use.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import { openGitWork } from '../vault/fingerprints/git-work.ts'
import { openEntry } from '../vault/open-entry.ts'
import { openMetrics } from '../vault/open-metrics.ts'
import { createFingerprintContext, describeWork } from '../vault/runs/run-vault.ts'
import { createTaskWork } from '../vault/runs/task-work.ts'
import { NOTHING_ADDED } from './check-task.ts'
import { countsAsPass, rulesOf, whyNoPass } from './counts-as-pass.ts'
import type { HookRequest, TaskReport, TaskVerdict } from './hook-contract.ts'
import { withoutHookVariables } from './hook-environment.ts'
import { findTargets } from './hook-targets.ts'
import type { HookTarget } from './hook-targets.ts'
import { planTasks } from './plan-tasks.ts'
import type { PlannedTask } from './plan-tasks.ts'
import { watchIndex } from './watch-index.ts'

export type RecallRequest = Pick<HookRequest, 'hook' | 'settings' | 'env' | 'input'> & {
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/**
 * A shortcut for `runHook`: if this machine knows that every task passed before on this content, returns the same reports
 * and records the same. In all other cases it returns undefined and has done nothing. It is enough for most commits, and
 * needs little of what a run loads.
 */
export async function recallPasses(
  request: RecallRequest,
): Promise<readonly TaskReport[] | undefined> {
  try {
    return await recall(request)
  } catch {
    // A bug of ours, too: who sees to the hook as a whole meets it, says so, and lets git go on.
    return undefined
  }
}

interface Recall extends RecallRequest {
  readonly store: Store
  readonly repository: Repository
  readonly git: GitOptions
  readonly taskEnv: HookRequest['env']
  readonly origin: Origin
}

interface Recalled {
  readonly report: TaskReport
  /** Of a pass. */
  readonly entry?: EntryRow
}

async function recall(request: RecallRequest): Promise<readonly TaskReport[] | undefined> {
  const { settings, env, hook, input, now } = request
  const { projectRoot, cacheDirectory } = settings
  const repository = findRepository(projectRoot)?.repository
  if (repository === undefined) return undefined
  let isQuiet = true
  const report = (): void => {
    isQuiet = false
  }
  const algorithm = await openHashAlgorithm(settings.hashAlgorithm)
  // Closed with the process, which ends, or goes on to run the hook and opens it again.
  const store = await openStore({ cacheDirectory, algorithm, report, now, endsProcess: true })
  const metrics = openMetrics(settings, store)
  const taskEnv = withoutHookVariables(env)
  const origin = detectOrigin({ projectRoot, env: taskEnv })
  const git = { workTree: repository.workTree, project: repository.workTree, env }
  const all: Recalled[] = []
  for (const target of findTargets({ hook, input, origin, git })) {
    const found = await recallTarget(
      { ...request, store, repository, git, taskEnv, origin },
      target,
    )
    if (found === undefined) return undefined
    all.push(...found)
  }
  if (!isQuiet) return undefined
  for (const {
    entry,
    report: { verdict },
  } of all) {
    if (entry === undefined || verdict.kind !== 'passed-before') continue
    recordHit(store, entry, { savedMs: verdict.manifest.durationMs })
  }
  metrics.publish()
  store[Symbol.dispose]()
  return all.map((each) => each.report)
}

async function recallTarget(
  run: Recall,
  target: HookTarget,
): Promise<readonly Recalled[] | undefined> {
  const { hook, settings, repository, git, origin } = run
  const watch = target.source.kind === 'index' ? watchIndex(repository, git) : undefined
  const all: Recalled[] = []
  for (const planned of planTasks(settings, { ...target, hook, platform: origin.platform })) {
    const found = await recallTask(run, planned, target)
    if (found === undefined) return undefined
    const { task, mode } = planned
    all.push({ ...found, report: { task, mode, target, verdict: found.verdict } })
  }
  return watch?.hasChanged() === true ? undefined : all
}

async function recallTask(
  { settings, env, taskEnv, store, origin, now }: Recall,
  { task, mode, policy, hookPolicy }: PlannedTask,
  { source }: HookTarget,
): Promise<{ readonly verdict: TaskVerdict; readonly entry?: EntryRow } | undefined> {
  if (mode === 'off') return { verdict: { kind: 'off' } }
  const work = createTaskWork(task, { settings, env: taskEnv, additions: NOTHING_ADDED })
  const { knownKey: key } = await openGitWork(
    { ...describeWork(work, settings.projectRoot), source, gitEnv: env },
    createFingerprintContext({ settings, store, statCache: createMemoryStatCache() }),
  )
  const entry = key && findEntry(store, { scope: 'local', key })
  if (key === undefined || entry === undefined || entry.isExpired) return undefined
  using opened = await openEntry(store, entry)
  const { manifest } = opened
  const rules = rulesOf({ policy, hookPolicy }, { here: origin, nowMs: now() })
  if (whyNoPass(manifest, rules) !== undefined) return undefined
  const isOwn = countsAsPass('me', manifest.origin, origin)
  return { verdict: { kind: 'passed-before', key, manifest, isOwn }, entry }
}
