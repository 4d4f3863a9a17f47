import { isThere } from '../../files/is-there.ts'
import type { ChangeReason } from '../../model/explain.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import { parseNotes } from '../../model/notes.ts'
import { parseRecordedLog } from '../../model/recorded-log.ts'
import { replayLog } from '../../process/replay-log.ts'
import { againIfOvertaken } from '../again-if-overtaken.ts'
import type { Miss, OutputTarget, RestoreRequest, StagedEntry } from '../vault.ts'
import type { HitOutcome, RunRequest, RunVault } from './run-contract.ts'
import { unlessTrouble } from './run-trouble.ts'

/** More paths than anybody reads are not looked at before they are written. */
const INSPECTED_PATHS = 100

/** Work whose key is known, and where its outputs and its log go. */
export interface LookUp {
  readonly vault: RunVault
  readonly request: Pick<
    RunRequest,
    'task' | 'isLoose' | 'policy' | 'output' | 'isTerminal' | 'notes' | 'onEvent' | 'signal'
  >
  readonly targets: RestoreRequest['targets']
  readonly work: KeyedFingerprint
}

/** Why there is no hit. */
export interface NoHit extends Miss {
  readonly isTrouble: boolean
}

/**
 * Puts back what is known under the key: outputs in place, log replayed. Or says why there is nothing;
 * trouble with the cache is reported as an event.
 * @throws the signal's reason.
 */
export async function lookUp(run: LookUp): Promise<HitOutcome | NoHit> {
  const { request } = run
  const startedAt = performance.now()
  const hit = await unlessTrouble(run, () => againIfOvertaken(() => restore(run, startedAt)))
  request.signal?.throwIfAborted()
  if (hit === undefined) return { ...missBecause(), isTrouble: true }
  if (hit.kind === 'hit') return hit
  return { ...hit, isTrouble: hit.reasons.some((reason) => reason.kind === 'unavailable') }
}

async function restore(run: LookUp, startedAt: number): Promise<HitOutcome | Miss> {
  const { vault, request, targets, work } = run
  const { task, isLoose: isNamedByKey = false } = request
  const staged = await vault.stage({ task, work, targets, isNamedByKey })
  if (staged.kind === 'miss') return staged
  await using entry = staged
  request.signal?.throwIfAborted()
  if (entry.manifest.exitCode !== 0 && !request.policy.cacheFailures) {
    return missBecause({ kind: 'failed-before', exitCode: entry.manifest.exitCode })
  }
  if (entry.notes === undefined && request.notes?.areExpected === true) {
    return missBecause({ kind: 'notes-missing' })
  }
  return await applyEntry(run, entry, startedAt)
}

async function applyEntry(
  { request, work }: LookUp,
  entry: StagedEntry,
  startedAt: number,
): Promise<HitOutcome> {
  // What cannot be put back must be noticed before the outputs are touched.
  if (entry.log !== undefined) parseRecordedLog(entry.log)
  const notes = entry.notes === undefined ? undefined : parseNotes(entry.notes)
  const putBack = Iterator.from<string>(entry.changes.written)
    .take(INSPECTED_PATHS)
    .filter((written) => isTaken(written, entry.targets))
    .toArray()
    .concat(entry.changes.removed.slice(0, INSPECTED_PATHS))
  await entry.apply()
  const tookMs = performance.now() - startedAt
  const openLine = entry.log && (await replayLog(entry.log, request))
  if (openLine !== undefined) request.onEvent({ kind: 'line-open', stream: openLine })
  const { manifest, changes, receivedBytes } = entry
  return {
    kind: 'hit',
    task: request.task,
    key: work.key,
    exitCode: manifest.exitCode,
    manifest,
    changes,
    putBack,
    tookMs,
    ...(notes !== undefined && { notes }),
    ...(receivedBytes !== undefined && { receivedBytes }),
  }
}

/** Whether something stands where a path is written. */
function isTaken(written: string, targets: readonly OutputTarget[]): boolean {
  const target = targets.find(
    ({ declaredAs }) => written === declaredAs || written.startsWith(`${declaredAs}/`),
  )
  if (target === undefined) return false
  const absolutePath = target.absolutePath + written.slice(target.declaredAs.length)
  return isThere(absolutePath)
}

function missBecause(...reasons: readonly ChangeReason[]): Miss {
  return { kind: 'miss', reasons }
}
