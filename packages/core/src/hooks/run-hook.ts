import { TaskVaultError, isTaskVaultError } from '../errors.ts'
import { findRepository } from '../git/find-repository.ts'
import type { Repository } from '../git/find-repository.ts'
import { outsideRepository } from '../git/need-repository.ts'
import type { Environment, GitOptions } from '../git/run-git.ts'
import type { TaskKey } from '../model/digest.ts'
import type { Origin } from '../model/manifest.ts'
import type { TaskName } from '../model/task.ts'
import { detectOrigin } from '../platform/detect-origin.ts'
import { forgetStaging, recordStaging } from '../store/locks/sessions.ts'
import { createSourceVault } from '../vault/fingerprints/source-vault.ts'
import type { RunRequest } from '../vault/runs/run-contract.ts'
import type { Vault } from '../vault/vault.ts'
import { checkTask } from './check-task.ts'
import { beginLook } from './early-look.ts'
import type { EarlyLook } from './early-look.ts'
import type {
  HookOutcome,
  HookRequest,
  HookSurroundings,
  TaskReport,
  TaskVerdict,
} from './hook-contract.ts'
import { withoutHookVariables } from './hook-environment.ts'
import type { HookPlaces } from './hook-places.ts'
import { findTargets } from './hook-targets.ts'
import type { HookTarget } from './hook-targets.ts'
import type { TaskCheck } from './open-check.ts'
import { planTasks } from './plan-tasks.ts'
import { watchIndex } from './watch-index.ts'
import type { IndexWatch } from './watch-index.ts'

/** How often content that changes while it is tested is tested again. */
const MOST_ATTEMPTS = 3

/**
 * Handles every task of a git hook, for each content that the hook covers: tasks that already passed on that content are
 * skipped, the others run on it. Stops at the first required task that fails. The index and the work tree are only read.
 * @param vault undefined when no vault could be opened, which the caller has reported.
 * @throws {TaskVaultError} GIT_FAILED outside a repository; INPUT_CHANGED when what is committed keeps changing; also
 * what `checkTask` throws.
 */
export async function runHook(
  vault: Vault | undefined,
  request: HookRequest,
  surroundings: HookSurroundings,
): Promise<HookOutcome> {
  const opened = openHookRun(vault, request, surroundings)
  using look = openLook(opened)
  const run = { ...opened, look }
  const { hook, input } = request
  const targets = findTargets({ hook, input, origin: run.origin, git: run.git })
  const reports: TaskReport[] = []
  for (const target of targets) {
    const outcome = await checkTarget(run, target)
    reports.push(...outcome.reports)
    if (outcome.exitCode !== 0) return { exitCode: outcome.exitCode, reports }
  }
  return { exitCode: 0, reports }
}

/** Mostly whether everything has passed before is known by now, and it has not. */
function openLook({ repository, request }: OpenHookRun): EarlyLook | undefined {
  if (repository === undefined || request.explains) return undefined
  const { settings, env } = request
  const { projectRoot } = settings
  return beginLook({ repository, projectRoot, env, now: () => performance.now() })
}

interface HookRun extends OpenHookRun {
  readonly look: EarlyLook | undefined
}

interface OpenHookRun {
  readonly vault: Vault | undefined
  readonly request: HookRequest
  readonly surroundings: HookSurroundings
  /** Undefined where only GIT_DIR and GIT_WORK_TREE name it: then tasks run, and nothing is known of them. */
  readonly repository: Repository | undefined
  readonly git: GitOptions
  readonly origin: Origin
  readonly taskEnv: Environment
}

function openHookRun(
  vault: Vault | undefined,
  request: HookRequest,
  surroundings: HookSurroundings,
): OpenHookRun {
  const { env, settings } = request
  const { projectRoot } = settings
  const repository = findRepository(projectRoot)?.repository
  if (repository === undefined && (env['GIT_DIR'] ?? '') === '') {
    const hint = 'Git hooks run in a repository; `taskvault run` runs a task anywhere.'
    throw outsideRepository(projectRoot, hint)
  }
  const workTree = repository?.workTree ?? projectRoot
  const taskEnv = withoutHookVariables(env)
  return {
    vault,
    request,
    surroundings,
    repository,
    git: { workTree, project: workTree, env },
    origin: detectOrigin({ projectRoot, env: taskEnv }),
    taskEnv,
  }
}

async function checkTarget(run: HookRun, target: HookTarget): Promise<HookOutcome> {
  const { request, repository, git } = run
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    const isWatched = target.source.kind === 'index' && repository !== undefined
    const watch = isWatched ? watchIndex(repository, git) : undefined
    const outcome = await checkTasks({ ...run, watch }, target)
    if (outcome.exitCode !== 0 || watch?.hasChanged() !== true) return outcome
    request.onEvent({ kind: 'again', target })
  }
  throw new TaskVaultError('INPUT_CHANGED', 'What is about to be committed keeps changing', {
    hint: 'A task of this hook may change the index each time: see what `git status` says, and commit again.',
  })
}

/** A task that cannot be meant keeps git from going on only where its failure would. */
async function unlessOnlyWarned(check: TaskCheck): Promise<TaskVerdict> {
  try {
    return await checkTask(check)
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    const { task, mode } = check.planned
    if (mode !== 'warn') throw naming(task, error)
    const { code, message, hint } = error
    check.onEvent({ kind: 'run', task, event: { kind: 'trouble', code, message, hint } })
    return { kind: 'not-run', message }
  }
}

/** A hook runs several tasks: which of them cannot be meant is part of the message. */
function naming(task: TaskName, { code, message, hint, cause }: TaskVaultError): TaskVaultError {
  const details = { ...(hint !== undefined && { hint }), cause }
  return new TaskVaultError(code, `${task}: ${message}`, details)
}

interface WatchedRun extends HookRun {
  /** Undefined for what does not change. */
  readonly watch: IndexWatch | undefined
}

async function checkTasks(run: WatchedRun, target: HookTarget): Promise<HookOutcome> {
  const { vault, request, surroundings, taskEnv } = run
  const { hook, settings, env, skipsLookup, explains, onEvent } = request
  const origin = originOf(target, run.origin)
  await using stack = new AsyncDisposableStack()
  let places: Promise<HookPlaces> | undefined
  const openPlaces = async (): Promise<HookPlaces> =>
    await (places ??= loadPlaces(run, target).then((opened) => stack.use(opened)))
  const reports: TaskReport[] = []
  for (const planned of planTasks(settings, { ...target, hook, platform: origin.platform })) {
    const { task, mode } = planned
    const verdict = await unlessOnlyWarned({
      planned,
      target,
      settings,
      vault,
      openPlaces,
      surroundings,
      env,
      taskEnv,
      origin,
      skipsLookup,
      explains,
      onEvent,
    })
    const report = { task, mode, target, verdict }
    reports.push(report)
    onEvent({ kind: 'report', report })
    const exitCode = stopsWith(report)
    if (exitCode !== 0) return { exitCode, reports }
  }
  return { exitCode: 0, reports }
}

/** 0 when the hook goes on. Whoever interrupts a task means all of them, whatever its mode. */
function stopsWith({ verdict, mode }: TaskReport): number {
  if (verdict.kind !== 'ran') return 0
  const { exitCode, end, save } = verdict.outcome
  const wasInterrupted = save.kind === 'not-saved' && save.because === 'interrupted'
  if (mode === 'warn' && !wasInterrupted) return 0
  return wasInterrupted && exitCode === 0 && end.kind === 'exited' ? INTERRUPTED : exitCode
}

/** What a shell reports of a command that Ctrl-C ended, for one that made nothing of it. */
const INTERRUPTED = 130

/** What is recorded of where work was done: of a push, the commit that is pushed. */
function originOf({ source }: HookTarget, origin: Origin): Origin {
  return source.kind === 'commit' && source.commit !== 'HEAD'
    ? { ...origin, commit: source.commit }
    : origin
}

async function loadPlaces(run: WatchedRun, target: HookTarget): Promise<HookPlaces> {
  run.watch?.keep()
  const { createHookPlaces } = await import('./hook-places.ts')
  const { vault, request, taskEnv } = run
  const { settings, env } = request
  const directories: string[] = []
  const places = createHookPlaces({
    source: target.source,
    projectRoot: settings.projectRoot,
    env,
    taskEnv,
    isIndexed: async (work) => await isIndexed(run, target, work),
    look: run.look,
    onDirectory(directory) {
      directories.push(directory)
      if (vault !== undefined) recordStaging(vault.store, [directory])
    },
    onTrouble: ({ message }) => request.onEvent({ kind: 'no-snapshot', message }),
  })
  return {
    ...places,
    [Symbol.dispose]() {
      places[Symbol.dispose]()
      if (vault !== undefined && directories.length > 0) forgetStaging(vault.store, directories)
    },
  }
}

/** Whether the index holds what work depends on in the target: then the work tree may do so too. */
async function isIndexed(
  { vault, request }: HookRun,
  { source }: HookTarget,
  work: RunRequest,
): Promise<boolean> {
  if (source.kind === 'index') return true
  if (vault === undefined) return false
  const gitEnv = request.env
  const keyIn = async (each: HookTarget['source']): Promise<TaskKey> => {
    const opened = await createSourceVault(vault, { source: each, gitEnv }).open(work)
    return opened.knownKey ?? (await opened.fingerprint()).key
  }
  const [inIndex, inCommit] = await Promise.all([keyIn({ kind: 'index' }), keyIn(source)])
  return inIndex === inCommit
}
