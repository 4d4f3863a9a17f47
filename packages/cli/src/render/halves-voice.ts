import type { RestoreTaskOutcome, RunEvent, SaveTaskOutcome, TaskName } from '@taskvault/core'
import type { Cli } from '../cli.ts'
import { summariseReasons } from './change-reasons.ts'
import { endLine } from './end-line.ts'
import { renderNotSaved, type NotSavedLine } from './run-lines.ts'
import { createTaskVoice, type TaskVoice } from './task-voice.ts'

/** What `restore` and `save`, the halves of a run, say on standard error. */
interface HalfVoice<Outcome> extends Pick<TaskVoice, 'trouble'> {
  event(event: RunEvent): void
  outcome(outcome: Outcome): void
}

export type RestoreVoice = HalfVoice<RestoreTaskOutcome> & Pick<TaskVoice, 'key'>

export function createRestoreVoice(cli: Cli, task: TaskName): RestoreVoice {
  const voice = createTaskVoice(cli, task, 'goes on without the cache')
  return {
    trouble: voice.trouble,
    key: voice.key,
    event(event) {
      if (event.kind === 'line-open') endLine(cli, event)
      if (event.kind === 'trouble') voice.cacheTrouble(event)
    },
    outcome(outcome) {
      if (outcome.kind === 'hit') return voice.hit(outcome)
      const because = outcome.reasons.filter((reason) => reason.kind !== 'unavailable')
      voice.remark(because.length === 0 ? 'a miss' : `a miss (${summariseReasons(because)})`)
      if (outcome.fallback !== undefined) voice.fallback(outcome.fallback)
    },
  }
}

export interface SaveVoice extends HalfVoice<SaveTaskOutcome> {
  /** Says why there is no work to save. */
  notBegun(message: string): void
}

export function createSaveVoice(cli: Cli, task: TaskName): SaveVoice {
  const voice = createTaskVoice(cli, task, 'is not saved')
  let hadTrouble = false
  return {
    trouble(error) {
      hadTrouble = true
      voice.trouble(error)
    },
    event(event) {
      if (event.kind !== 'trouble') return
      hadTrouble = true
      voice.cacheTrouble(event)
    },
    // What was told as trouble needs no second line, here and below.
    notBegun(message) {
      if (!hadTrouble) voice.notSaved({ isWarning: true, text: `not saved: ${message}` })
    },
    outcome({ save, durationMs }) {
      if (save.kind === 'saved') return voice.saved(save, { durationMs, isGood: true })
      if (save.because !== 'trouble' || !hadTrouble) voice.notSaved(renderNothingSaved(save))
    },
  }
}

type NothingSaved = Exclude<SaveTaskOutcome['save'], { readonly kind: 'saved' }>

/** Why nothing was saved; also what `run` leaves to the eyes of whoever saw the command end. */
function renderNothingSaved(save: NothingSaved): NotSavedLine | undefined {
  if (save.because === 'restored') return remark('nothing to save: it was restored')
  if (save.because === 'trouble') return remark('not saved: the cache could not be used before')
  if (save.because === 'failed') return remark('not saved: it failed')
  if (save.because === 'interrupted') return remark('not saved: it was interrupted')
  return renderNotSaved(save)
}

function remark(text: string): NotSavedLine {
  return { isWarning: false, text }
}
