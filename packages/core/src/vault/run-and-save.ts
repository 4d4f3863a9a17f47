import { isTaskVaultError } from '../errors.ts'
import type { TaskKey } from '../model/digest.ts'
import { compareFingerprints } from '../model/explain.ts'
import type { ChangeReason } from '../model/explain.ts'
import type { LogRecorder } from '../model/recorded-log.ts'
import { findSecretValues } from '../model/secret-values.ts'
import { exitCodeOf } from '../process/exit-code.ts'
import { holdKey } from '../process/held-keys.ts'
import { createOutputRecorder } from '../process/output-recorder.ts'
import { runCommand } from '../process/run-command.ts'
import type { CommandResult } from '../process/run-command.ts'
import type { KeyedRun, NotSaved, RanOutcome, RunRequest } from './run-contract.ts'
import { unlessTrouble } from './run-trouble.ts'
import type { SavedEntry } from './vault.ts'

interface Decision {
  readonly reasons: readonly ChangeReason[]
  readonly key?: TaskKey
}

/** Runs the command with no cache at hand. */
export async function runUncached(
  request: RunRequest,
  { reasons, key }: Decision,
): Promise<RanOutcome> {
  request.onEvent({ kind: 'missed', reasons })
  const result = await runCommand({ ...request, record: () => undefined })
  return describe(request, {
    key,
    reasons,
    result,
    save: { kind: 'not-saved', because: 'trouble' },
    omittedLogBytes: 0,
  })
}

/** Runs the command, and saves what it made if that is what the key promises. */
export async function runAndSave(
  run: KeyedRun,
  reasons: readonly ChangeReason[],
): Promise<RanOutcome> {
  const { vault, request, work } = run
  request.onEvent({ kind: 'missed', reasons })
  const recorder = createOutputRecorder(findSecretValues(request.env, vault.settings.secrets))
  const result = await runCommand({
    ...request,
    env: holdKey(request.env, work.key),
    record: (stream, bytes) => recorder.append(stream, bytes),
  })
  const save = whyNot(request, result) ?? (await saveWork(run, result, recorder))
  return describe(request, {
    key: work.key,
    reasons,
    result,
    save,
    omittedLogBytes: recorder.omittedBytes,
  })
}

/** Why a result is not to be saved, as far as that is known without looking at the work tree. */
function whyNot(request: RunRequest, result: CommandResult): NotSaved | undefined {
  const { policy, neverSaves } = request
  if (result.wasInterrupted || result.end.kind === 'signalled') return notSaved('interrupted')
  if (result.end.exitCode !== 0 && !policy.cacheFailures) return notSaved('failed')
  if (!result.isOutputWhole) return notSaved('output-unread')
  if (neverSaves !== undefined) return notSaved(neverSaves)
  return policy.write ? undefined : notSaved('policy')
}

function notSaved(
  because: 'failed' | 'interrupted' | 'output-unread' | 'policy' | 'no-save' | 'read-only',
): NotSaved {
  return { kind: 'not-saved', because }
}

async function saveWork(
  run: KeyedRun,
  result: CommandResult,
  recorder: LogRecorder,
): Promise<SavedEntry | NotSaved> {
  const { vault, request, targets, work } = run
  const saved = await unlessTrouble(run, async (): Promise<SavedEntry | NotSaved> => {
    const changes = await findInputChanges(run)
    if (changes.length > 0) return { kind: 'not-saved', because: 'inputs-changed', changes }
    try {
      const outcome = await vault.save({
        task: request.task,
        work,
        outputs: targets,
        log: recorder.finish(),
        exitCode: exitCodeOf(result.end),
        durationMs: Math.round(result.durationMs),
        origin: request.origin,
        policy: request.policy,
      })
      if (outcome.kind === 'saved') return outcome
      if (outcome.because === 'read-only') return notSaved('read-only')
      return { kind: 'not-saved', because: 'too-large', sizeBytes: outcome.sizeBytes }
    } catch (error) {
      if (!isTaskVaultError(error, 'OUTPUT_MISSING')) throw error
      return { kind: 'not-saved', because: 'output-missing', message: error.message }
    }
  })
  return saved ?? { kind: 'not-saved', because: 'trouble' }
}

/**
 * How the inputs differ from what they were before the command ran: whatever it made of them would be
 * remembered under the wrong key.
 */
async function findInputChanges({
  vault,
  request,
  work,
}: KeyedRun): Promise<readonly ChangeReason[]> {
  try {
    // Tools and variables cannot have changed for a command that had started; asking takes time.
    const now = await vault.fingerprint({
      ...request,
      definition: { ...request.definition, env: [], tools: [] },
    })
    const { env, tools } = work.fingerprint
    return compareFingerprints(work.fingerprint, { ...now.fingerprint, env, tools })
  } catch (error) {
    if (!isTaskVaultError(error, 'INPUT_MISSING')) throw error
    // The command has removed all that a pattern had matched.
    return work.fingerprint.files.map(({ relativePath }) => ({
      kind: 'file-removed',
      relativePath,
    }))
  }
}

interface Ran {
  readonly key: TaskKey | undefined
  readonly reasons: readonly ChangeReason[]
  readonly result: CommandResult
  readonly save: SavedEntry | NotSaved
  readonly omittedLogBytes: number
}

function describe(
  { task }: RunRequest,
  { key, reasons, result, save, omittedLogBytes }: Ran,
): RanOutcome {
  const { end, durationMs } = result
  return {
    kind: 'ran',
    task,
    key,
    reasons,
    end,
    exitCode: exitCodeOf(end),
    durationMs,
    save,
    omittedLogBytes,
  }
}
