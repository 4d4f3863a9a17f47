import { styleText } from 'node:util'
import type {
  GitHook,
  HookEvent,
  HookOutcome,
  LoadedSettings,
  RunEvent,
  TaskReport,
} from '@taskvault/core'
import type { Cli } from '../cli.ts'
import { wantsColour } from './colours.ts'
import { endLine } from './end-line.ts'
import { onOneLine } from './one-line.ts'
import { renderNothingToDo, renderPassedBefore } from './recalled-lines.ts'
import { renderNotSavedWarning, renderRunning } from './run-lines.ts'
import { createTroubleWarnings } from './trouble-warnings.ts'
import {
  renderDecision,
  renderNotRecorded,
  renderPlace,
  renderRan,
  toReportData,
} from './verdict-lines.ts'

/** What is said of a hook besides what its tasks print, all of it on standard error. */
export interface HookVoice {
  /** Says why the cache cannot be used at all. */
  trouble(error: Error): void
  /** Says that git's list of what is pushed does not come. */
  waiting(): void
  event(event: HookEvent): void
  /** The answer of `--explain` and `--json`; of a hook that has run, only that it had nothing to do. */
  outcome(outcome: HookOutcome): void
}

export interface HookSubject {
  readonly hook: GitHook
  readonly settings: LoadedSettings
  /** Whether it only says what would happen: then the answer has it all, once. */
  readonly explains: boolean
}

export function createHookVoice(cli: Cli, { hook, settings, explains }: HookSubject): HookVoice {
  const { host, voice, progress } = cli
  const hasColour = wantsColour(host.env, host.stderr)
  const warningOf = createTroubleWarnings()
  const sign = (style: 'green' | 'red' | 'yellow', text: string): string =>
    hasColour ? styleText(style, text, { validateStream: false }) : text

  function run(task: string, event: RunEvent): void {
    switch (event.kind) {
      case 'missed': {
        const command = settings.tasks[task]?.command ?? ''
        return voice.remark(`${task}: running ${renderRunning(command, event.reasons)}`)
      }
      case 'waiting':
        return voice.remark(`${task}: waiting for another process that does the same work`)
      case 'line-open':
        return endLine(cli, event)
      case 'trouble': {
        const warning = warningOf(task, event)
        return warning === undefined ? undefined : voice.warn(warning)
      }
    }
  }

  function report(given: TaskReport): void {
    const { task, mode, verdict } = given
    if (verdict.kind === 'passed-before') {
      return voice.remark(renderPassedBefore({ task, verdict }, { hasColour, nowMs: host.now() }))
    }
    if (verdict.kind !== 'ran') return
    const text = `${task}: ${renderRan(verdict)}`
    if (verdict.outcome.exitCode === 0) voice.remark(`${sign('green', '✓')} ${text}`)
    else if (mode === 'warn') voice.warn(`${sign('yellow', '!')} ${text}; only a warning here`)
    else voice.warn(`${sign('red', '✗')} ${text}; ${REFUSED[hook]}`)
    const line = renderNotRecorded(verdict)
    if (line?.isWarning === true) voice.warn(renderNotSavedWarning(task, line))
    else if (line !== undefined) voice.remark(`${task}: ${line.text}`)
  }

  return {
    trouble(error) {
      progress.end()
      voice.warn(`warning: ${hook} runs without the cache: ${onOneLine(error.message)}`)
    },
    waiting() {
      voice.warn(
        "taskvault: waiting for git's list of what is pushed on standard input, which is still open; " +
          'with </dev/null, HEAD is tested',
      )
    },
    event(event) {
      progress.end()
      switch (event.kind) {
        case 'run':
          return run(event.task, event.event)
        case 'place': {
          const text = renderPlace(event.place)
          return text === undefined ? undefined : voice.remark(`${event.task}: ${text}`)
        }
        case 'no-snapshot':
          return voice.warn(`warning: no snapshot could be made: ${onOneLine(event.message)}`)
        case 'again':
          return voice.remark('what is about to be committed has changed meanwhile: testing again')
        case 'report':
          return explains ? undefined : report(event.report)
      }
    },
    outcome({ reports }) {
      progress.end()
      if (!explains) {
        if (reports.length === 0) voice.remark(`taskvault: ${renderNothingToDo(hook)}`)
        return
      }
      const lines = reports.map((each) => `${each.task}: ${renderDecision(each, host.now())}`)
      voice.answer({
        text: () => (lines.length === 0 ? renderNothingToDo(hook) : lines.join('\n')),
        data: () => ({ hook, tasks: reports.map(toReportData) }),
      })
    },
  }
}

const REFUSED: Readonly<Record<GitHook, string>> = {
  'pre-commit': 'nothing is committed',
  'pre-merge-commit': 'the merge is not committed',
  'pre-push': 'nothing is pushed',
}
