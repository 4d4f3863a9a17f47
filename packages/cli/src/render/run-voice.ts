import type { RunEvent, RunOutcome, TaskKey, TaskWork } from '@taskvault/core'
import type { Cli } from '../cli.ts'
import { endLine } from './end-line.ts'
import { renderNotSaved, renderRunning } from './run-lines.ts'
import { createTaskVoice } from './task-voice.ts'

/** What `run` says besides the command, all of it on standard error. */
export interface RunVoice {
  event(event: RunEvent): void
  trouble(error: Error): void
  outcome(outcome: RunOutcome): void
  key(key: TaskKey | undefined): void
  /** Says that what came of it could not be written down. */
  unwritten(error: Error): void
}

export function createRunVoice(cli: Cli, work: TaskWork): RunVoice {
  const voice = createTaskVoice(cli, work.task, 'runs without the cache')
  return {
    trouble: voice.trouble,
    key: voice.key,
    unwritten: ({ message }) => voice.notSaved({ isWarning: true, text: message }),
    event(event) {
      switch (event.kind) {
        case 'missed':
          voice.remark(`running ${renderRunning(work.command, event.reasons)}`)
          return
        case 'waiting':
          voice.remark('waiting for another process that does the same work')
          return
        case 'line-open':
          endLine(cli, event)
          return
        case 'trouble':
          voice.cacheTrouble(event)
      }
    },
    outcome(outcome) {
      if (outcome.kind === 'hit') return voice.hit(outcome)
      const { save, exitCode, omittedLogBytes, durationMs } = outcome
      if (omittedLogBytes > 0)
        voice.remark(`${omittedLogBytes} bytes in the middle of its output were not kept`)
      if (save.kind === 'saved') voice.saved(save, { durationMs, isGood: exitCode === 0 })
      else voice.notSaved(renderNotSaved(save))
    },
  }
}
