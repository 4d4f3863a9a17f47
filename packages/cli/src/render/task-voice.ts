import { styleText } from 'node:util'
import type { HitOutcome, RunEvent, SavedEntry, TaskKey, TaskName } from '@taskvault/core'
import type { Cli } from '../cli.ts'
import { wantsColour } from './colours.ts'
import { onOneLine } from './one-line.ts'
import {
  renderLeftOut,
  renderNotSavedWarning,
  renderPutBack,
  renderRunHit,
  renderRunSaved,
  type NotSavedLine,
} from './run-lines.ts'
import { createTroubleWarnings } from './trouble-warnings.ts'

/** What is said of one task besides what it prints itself, all of it on standard error. */
export interface TaskVoice {
  /** Says why the cache cannot be used at all. */
  trouble(error: Error): void
  /** Says what trouble the cache has; of each kind, once. */
  cacheTrouble(event: RunEvent & { readonly kind: 'trouble' }): void
  hit(hit: HitOutcome): void
  /** The key, for comparison with others. Undefined: trouble kept it from being known. */
  key(key: TaskKey | undefined): void
  /** That another cache was put in place for want of the right one. */
  fallback(hit: HitOutcome): void
  remark(text: string): void
  /** That a result was saved, and what it lacks. */
  saved(saved: SavedEntry, work: { readonly durationMs: number; readonly isGood: boolean }): void
  notSaved(line: NotSavedLine | undefined): void
}

/** @param without what comes of trouble, after the task's name: `runs without the cache`. */
export function createTaskVoice(cli: Cli, task: TaskName, without: string): TaskVoice {
  const { host, voice, progress } = cli
  const hasColour = wantsColour(host.env, host.stderr)
  const mark = (isGood: boolean): string => {
    const sign = isGood ? '✓' : '✗'
    return hasColour ? styleText(isGood ? 'green' : 'red', sign, { validateStream: false }) : sign
  }
  const warningOf = createTroubleWarnings()
  const done = (text: string, isGood: boolean): void => {
    progress.end()
    voice.remark(`${mark(isGood)} ${task}: ${text}`)
  }
  const remark = (text: string): void => {
    progress.end()
    voice.remark(`${task}: ${text}`)
  }
  return {
    remark,
    trouble(error) {
      progress.end()
      voice.warn(`warning: ${task} ${without}: ${onOneLine(error.message)}`)
    },
    cacheTrouble(event) {
      const warning = warningOf(task, event)
      if (warning === undefined) return
      progress.end()
      voice.warn(warning)
    },
    hit(hit) {
      done(renderRunHit(hit, host.now()), hit.exitCode === 0)
      for (const line of renderPutBack(hit)) voice.remark(`  ${line}`)
    },
    saved(saved, { durationMs, isGood }) {
      done(renderRunSaved(saved, { durationMs }), isGood)
      for (const line of renderLeftOut(saved)) voice.remark(`  ${line}`)
    },
    key: (key) => remark(`key ${key ?? 'not known'}`),
    fallback(hit) {
      remark(`starting from ${hit.manifest.task}: ${renderRunHit(hit, host.now())}`)
    },
    notSaved(line) {
      if (line === undefined) return
      progress.end()
      if (line.isWarning) voice.warn(renderNotSavedWarning(task, line))
      else remark(onOneLine(line.text))
    },
  }
}
