import path from 'node:path'
import type { Settings } from '../../config/settings.ts'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import type { BegunWork, NothingToSave } from '../../model/begun-work.ts'
import type { TaskKey } from '../../model/digest.ts'
import { withKey } from '../../model/fingerprint.ts'
import type { Fingerprint, KeyedFingerprint } from '../../model/fingerprint.ts'
import { encodeNotes } from '../../model/notes.ts'
import type { Notes } from '../../model/notes.ts'
import { selectCachePaths } from '../targets/cache-selection.ts'
import { findTaskOutputs } from '../targets/task-outputs.ts'
import type { SavedEntry } from '../vault.ts'
import { nameArchive } from './archive-name.ts'
import type { ArchiveName } from './archive-name.ts'
import type { KeyableWork, NotSaved, RunRequest, RunVault } from './run-contract.ts'
import { saveWork } from './save-work.ts'
import type { FinishedWork } from './save-work.ts'

/** The second half of a run, after a caller has run the task itself. */
export interface SaveTaskRequest extends Pick<RunRequest, 'policy' | 'origin' | 'onEvent'> {
  /** As the restore left it. */
  readonly begun: BegunWork
  /** The exit status of the work. */
  readonly exitCode: number
  readonly env: KeyableWork['env']
  /** Whether to replace an existing entry of the key. */
  readonly replaces?: boolean
  /** Sends an archive of this name instead of the entry; undefined sends the entry. */
  readonly archive?: ArchiveName | undefined
  /** Kept with the entry, and given back when it is restored. */
  readonly notes?: Notes | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface SaveTaskOutcome {
  /** Undefined if trouble kept it from being computed. */
  readonly key: TaskKey | undefined
  readonly durationMs: number
  readonly save: SavedEntry | NotSaved | NothingNew
}

/** There was nothing new. */
interface NothingNew {
  readonly kind: 'not-saved'
  readonly because: 'restored'
}

/** Statuses above it tell a signal's number; work that was interrupted is not saved. */
const HIGHEST_STATUS = 128

/**
 * Saves what a task made after a restore that was a miss, under the key computed by that restore. Does not save what was
 * restored, failures (unless the policy saves them), or work whose inputs have changed since. Trouble with the cache is
 * reported as an event.
 * @param vault undefined when no vault could be opened, which the caller has reported.
 * @throws {TaskVaultError} OUTPUT_FORBIDDEN when the restore's notes were tampered with.
 */
export async function saveTask(
  vault: RunVault | undefined,
  request: SaveTaskRequest,
): Promise<SaveTaskOutcome> {
  const { begun, now } = request
  const durationMs = Math.max(0, now() - begun.startedAtMs)
  const notSaved = (because: WhyNot): SaveTaskOutcome => ({
    key: begun.key,
    durationMs,
    save: { kind: 'not-saved', because },
  })

  if (begun.nothingToSave !== undefined) return notSaved(begun.nothingToSave)
  if (begun.fingerprint === undefined || vault === undefined) return notSaved('trouble')
  const because = whyNot(request) ?? (vault.isReadOnly ? 'not-writable' : undefined)
  if (because !== undefined) return notSaved(because)
  // Made again, so that nothing is ever saved under a key that is not its own.
  const work = await keyed(begun.fingerprint)
  const { settings } = vault
  const described = { ...request, ...workOf(begun, settings.projectRoot) }
  const archive = request.archive && nameArchive(request.archive, request.env)
  const { exitCode, replaces } = request
  const notes = request.notes && encodeNotes(request.notes)
  const result = { exitCode, durationMs, finishLog: () => undefined, notes, archive, replaces }
  const run = { vault, request: described, work }
  const save = await saveWork({ ...run, targets: () => findTargets(request, settings) }, result)
  return { key: work.key, durationMs, save }
}

function findTargets(
  { begun, env }: SaveTaskRequest,
  settings: Settings,
): ReturnType<FinishedWork['targets']> {
  const { outputs, outputPatterns, isCache, isLoose } = begun
  return isCache
    ? selectCachePaths(outputs, { ...settings, env, isLoose })
    : findTaskOutputs({ outputs, outputPatterns }, { ...settings, env })
}

type WhyNot = NothingToSave | 'failed' | 'interrupted' | 'policy' | 'not-writable'

async function keyed(fingerprint: Fingerprint): Promise<KeyedFingerprint> {
  return withKey(fingerprint, await openHashAlgorithm(fingerprint.algorithm))
}

function whyNot({ exitCode, policy }: SaveTaskRequest): WhyNot | undefined {
  if (exitCode > HIGHEST_STATUS) return 'interrupted'
  if (exitCode !== 0 && !policy.cacheFailures) return 'failed'
  return policy.write ? undefined : 'policy'
}

function workOf(begun: BegunWork, projectRoot: string): Omit<KeyableWork, 'env'> {
  const { task, inputs, outputs, outputPatterns, salt, command, relativeDirectory } = begun
  return {
    task,
    definition: {
      inputs,
      outputs,
      outputPatterns,
      env: [],
      tools: [],
      ...(salt !== undefined && { salt }),
    },
    command,
    directory: path.join(projectRoot, relativeDirectory),
  }
}
