import type { TaskKey } from '../../model/digest.ts'
import type { ChangeReason } from '../../model/explain.ts'
import { MOST_NOTE_BYTES, areNotesSecret, countNoteBytes, encodeNotes } from '../../model/notes.ts'
import type { Notes } from '../../model/notes.ts'
import { findSecretValues } from '../../model/secret-values.ts'
import { exitCodeOf } from '../../process/exit-code.ts'
import { holdKey } from '../../process/held-keys.ts'
import { createOutputRecorder } from '../../process/output-recorder.ts'
import { runCommand } from '../../process/run-command.ts'
import type { CommandResult } from '../../process/run-command.ts'
import type { SavedEntry } from '../vault.ts'
import type { KeyedRun, NotSaved, PlainReason, RanOutcome, RunRequest } from './run-contract.ts'
import { saveWork } from './save-work.ts'

interface Decision {
  readonly reasons: readonly ChangeReason[]
  readonly key?: TaskKey
}

/** Runs the command with no cache at hand. */
export async function runUncached(
  request: RunRequest,
  { reasons, key }: Decision,
): Promise<RanOutcome> {
  request.signal?.throwIfAborted()
  request.onEvent({ kind: 'missed', reasons })
  const result = await runCommand({ ...request, record: () => undefined })
  tellOpenLine(request, result)
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
  request.signal?.throwIfAborted()
  request.onEvent({ kind: 'missed', reasons })
  const secrets = findSecretValues(request.env, vault.settings.secrets)
  const recorder = createOutputRecorder(secrets)
  const result = await runCommand({
    ...request,
    env: holdKey(request.env, work.key),
    record: (stream, bytes) => recorder.append(stream, bytes),
  })
  tellOpenLine(request, result)
  const notes = request.notes?.read()
  const save =
    whyNot(run, result) ??
    whyNotNoted(notes, secrets) ??
    (await saveWork(
      { ...run, targets: () => run.targets },
      {
        exitCode: exitCodeOf(result.end),
        durationMs: result.durationMs,
        finishLog: () => recorder.finish(),
        notes: notes && encodeNotes(notes),
      },
    ))
  return describe(request, {
    key: work.key,
    reasons,
    result,
    save,
    omittedLogBytes: recorder.omittedBytes,
  })
}

function tellOpenLine({ onEvent }: RunRequest, { openLine }: CommandResult): void {
  if (openLine !== undefined) onEvent({ kind: 'line-open', stream: openLine })
}

/** Why a result is not to be saved, as far as that is known without looking at the work tree. */
function whyNot({ vault, request }: KeyedRun, result: CommandResult): NotSaved | undefined {
  const { policy, neverSaves } = request
  if (result.wasInterrupted || result.end.kind === 'signalled') return notSaved('interrupted')
  if (result.end.exitCode !== 0 && !policy.cacheFailures) return notSaved('failed')
  if (!result.isOutputWhole) return notSaved('output-unread')
  if (neverSaves !== undefined) return notSaved(neverSaves)
  if (!policy.write) return notSaved('policy')
  return vault.isReadOnly ? notSaved('not-writable') : undefined
}

/** Notes are put back to the byte: what must not be in them cannot be left out, as it is in a log. */
function whyNotNoted(notes: Notes | undefined, secrets: readonly string[]): NotSaved | undefined {
  if (notes === undefined) return undefined
  if (countNoteBytes(notes) > MOST_NOTE_BYTES) return notSaved('notes-too-large')
  return areNotesSecret(notes, secrets) ? notSaved('secret-noted') : undefined
}

function notSaved(because: PlainReason): NotSaved {
  return { kind: 'not-saved', because }
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
