import { isTaskVaultError } from '../../errors.ts'
import { compareFingerprints } from '../../model/explain.ts'
import type { ChangeReason } from '../../model/explain.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import type { LeftOut } from '../../model/left-out.ts'
import type {
  CacheSelection,
  OutputTarget,
  SavedEntry,
  SaveRequest,
  TaskOutputs,
} from '../vault.ts'
import type { KeyableWork, NotSaved, RunRequest, RunVault } from './run-contract.ts'
import { unlessTrouble } from './run-trouble.ts'

/** Work that was done, and what was known of it before. */
export interface FinishedWork {
  readonly vault: RunVault
  readonly request: KeyableWork & Pick<RunRequest, 'policy' | 'origin' | 'onEvent'>
  /** A function: they are looked for when they are saved. */
  readonly targets: () => TargetsToSave
  readonly work: KeyedFingerprint
}

type TargetsToSave = readonly OutputTarget[] | TaskOutputs | CacheSelection

export interface WorkResult {
  readonly exitCode: number
  readonly durationMs: number
  /** Called at most once, and only if something is saved. */
  readonly finishLog: () => SaveRequest['log']
  readonly notes?: SaveRequest['notes']
  readonly archive?: SaveRequest['archive']
  readonly replaces?: SaveRequest['replaces']
}

/**
 * Saves what the work made, unless its inputs are no longer what they were, or the policy forbids it.
 * Trouble with the cache is reported as an event.
 */
export async function saveWork(
  run: FinishedWork,
  result: WorkResult,
): Promise<SavedEntry | NotSaved> {
  const saved = await unlessTrouble(run, async (): Promise<SavedEntry | NotSaved> => {
    const asked = findInputChanges(run)
    // Whoever waits for the answer meets the failure.
    asked.catch(() => {})
    const mayPublish = async (): Promise<boolean> => (await asked).length === 0
    const mayStore = run.vault.asksBeside === true || (await mayPublish())
    const outcome = mayStore ? await store(run, result, mayPublish) : undefined
    const changes = await asked
    if (outcome !== undefined && changes.length === 0) return outcome
    const leftOut = explainChanges(changes, run)
    return { kind: 'not-saved', because: 'inputs-changed', changes, ...(leftOut && { leftOut }) }
  })
  return saved ?? { kind: 'not-saved', because: 'trouble' }
}

/** Undefined: all was there, and was not to be published. */
async function store(
  { vault, request, targets, work }: FinishedWork,
  { exitCode, durationMs, finishLog, notes, archive, replaces }: WorkResult,
  mayPublish: () => Promise<boolean>,
): Promise<SavedEntry | NotSaved | undefined> {
  try {
    const found = targets()
    const outcome = await vault.save({
      task: request.task,
      work,
      outputs: 'select' in found ? found.find() : found,
      log: finishLog(),
      notes,
      exitCode,
      durationMs: Math.round(durationMs),
      origin: request.origin,
      policy: request.policy,
      archive,
      replaces,
      mayPublish,
    })
    if (outcome.kind === 'saved') return { ...outcome, ...listLeftOut(found) }
    const { because, sizeBytes } = outcome
    if (because === 'withdrawn') return undefined
    if (because === 'read-only') return { kind: 'not-saved', because }
    return { kind: 'not-saved', because, sizeBytes, limitBytes: request.policy.maxSizeBytes }
  } catch (error) {
    if (!isTaskVaultError(error, 'OUTPUT_MISSING')) throw error
    return { kind: 'not-saved', because: 'output-missing', message: error.message }
  }
}

function listLeftOut(targets: TargetsToSave): Pick<SavedEntry, 'leftOut'> {
  const leftOut = 'leftOut' in targets ? targets.leftOut() : []
  return leftOut.length === 0 ? {} : { leftOut }
}

/** The first change that is an output in the eyes of whoever wrote the patterns. */
function explainChanges(
  changes: readonly ChangeReason[],
  { targets }: FinishedWork,
): LeftOut | undefined {
  const found = targets()
  if (!('explainInput' in found)) return undefined
  return changes
    .values()
    .map((change) =>
      'relativePath' in change ? found.explainInput(change.relativePath) : undefined,
    )
    .find((leftOut) => leftOut !== undefined)
}

/**
 * How the inputs differ from what they were before the command ran: whatever it made of them would be
 * remembered under the wrong key.
 */
async function findInputChanges({
  vault,
  request,
  work,
}: FinishedWork): Promise<readonly ChangeReason[]> {
  try {
    // Tools and variables cannot have changed for a command that had started; asking takes time.
    const now = await vault.fingerprint({
      ...request,
      definition: { ...request.definition, env: [], tools: [] },
    })
    if (now.key === work.key) return []
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
