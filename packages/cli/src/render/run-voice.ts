import { styleText } from 'node:util'
import type { ErrorCode, RanOutcome, RunEvent, RunOutcome, TaskWork } from '@taskvault/core'
import type { Cli } from '../cli.ts'
import { wantsColour } from './colours.ts'
import {
  renderNotSaved,
  renderPutBack,
  renderRunning,
  renderRunHit,
  renderRunSaved,
} from './run-lines.ts'

/** What `run` says besides the command, all of it on standard error. */
export interface RunVoice {
  event(event: RunEvent): void
  trouble(error: Error): void
  outcome(outcome: RunOutcome): void
}

export function createRunVoice(cli: Cli, work: TaskWork): RunVoice {
  const { host, voice, progress } = cli
  const { task } = work
  const hasColour = wantsColour(host.env, host.stderr)
  const mark = (isGood: boolean): string => {
    const sign = isGood ? '✓' : '✗'
    return hasColour ? styleText(isGood ? 'green' : 'red', sign, { validateStream: false }) : sign
  }
  const warned = new Set<ErrorCode>()

  const trouble = (error: Error): void => {
    progress.end()
    voice.warn(`warning: ${task} runs without the cache: ${error.message}`)
  }
  const ran = (outcome: RanOutcome): void => {
    const { save, exitCode, omittedLogBytes } = outcome
    if (omittedLogBytes > 0)
      voice.remark(`${task}: ${omittedLogBytes} bytes in the middle of its output are not kept`)
    if (save.kind === 'saved') {
      voice.remark(`${mark(exitCode === 0)} ${task}: ${renderRunSaved(save, outcome)}`)
      return
    }
    const line = renderNotSaved(save)
    if (line?.isWarning === true) voice.warn(`warning: ${task}: ${line.text}`)
    else if (line !== undefined) voice.remark(`${task}: ${line.text}`)
  }
  return {
    trouble,
    event(event) {
      progress.end()
      switch (event.kind) {
        case 'missed':
          voice.remark(`${task}: running ${renderRunning(work.command, event.reasons)}`)
          return
        case 'waiting':
          voice.remark(`${task}: waiting for another process that does the same work`)
          return
        case 'trouble':
          if (warned.has(event.code)) return
          warned.add(event.code)
          voice.warn(
            `warning: ${task}: ${event.message}${event.hint === undefined ? '' : `\nhint: ${event.hint}`}`,
          )
      }
    },
    outcome(outcome) {
      progress.end()
      if (outcome.kind === 'ran') return ran(outcome)
      voice.remark(`${mark(outcome.exitCode === 0)} ${task}: ${renderRunHit(outcome, host.now())}`)
      const putBack = renderPutBack(outcome)
      if (putBack !== undefined) voice.remark(`  ${putBack}`)
    },
  }
}
