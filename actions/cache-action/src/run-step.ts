import {
  TaskVaultError,
  createTaskWork,
  detectPlace,
  isTaskVaultError,
  outputFromRoot,
  patternFromRoot,
  runTask,
  spawnPiped,
} from '@taskvault/core'
import type { RunOutcome, TaskWork } from '@taskvault/core'
import type { HalfStep } from './half-step.ts'
import type { StepCommand } from './inputs/step-inputs.ts'
import { createQuietReplay } from './quiet-replay.ts'
import { namesRunnerFile, openRunnerFiles, passOn } from './runner-files.ts'
import { changedFiles } from './telling/changed-files.ts'
import { tellMiss, tellOutcome } from './telling/tell-outcome.ts'
import { tellSaved } from './telling/tell-saved.ts'

export interface RunStep extends HalfStep {
  readonly command: StepCommand
}

/**
 * Runs the command, or puts back all that it made: files, what it printed, and what it wrote to the
 * runner's files.
 * @returns its status.
 */
export async function runStep(step: RunStep): Promise<number> {
  const { runner, inputs, opened, troubles, signals } = step
  const { vault } = opened
  using files = openRunnerFiles(withoutTokens(opened.env))
  const work = createStepWork(step, files.env)
  const { origin, policy } = detectPlace(inputs.task, opened)
  const output = createQuietReplay(runner.stdout)
  const outcome = await runTask(vault, {
    ...work,
    origin,
    policy: { ...policy, ...inputs.policy },
    output,
    isTerminal: false,
    sharesTerminal: false,
    spawn: spawnPiped,
    signals: signals.ofCommand,
    signal: signals.stopped,
    skipsLookup: false,
    neverSaves: inputs.isReadOnly ? 'read-only' : undefined,
    notes: { areExpected: namesRunnerFile(work.command), read: files.read },
    onEvent(event) {
      troubles.event(event)
      if (event.kind === 'line-open') output.endLine()
      if (event.kind !== 'missed') return
      output.goLive()
      tellMiss(runner, { ...event, hadTrouble: troubles.hadSome, isDisabled: opened.isDisabled })
    },
  })
  const notes = outcome.kind === 'hit' ? outcome.notes : files.read()
  // Only where notes were kept has a runner seen the output before, and done what was in it.
  output.finish({ annotates: notes !== undefined })
  if (notes !== undefined) passOn(notes, opened.env)
  tell(step, outcome)
  return outcome.exitCode
}

/** @throws {TaskVaultError} TASK_UNKNOWN when nothing says what to run. */
function createStepWork(
  { inputs, opened, command }: RunStep,
  env: Record<string, string | undefined>,
): TaskWork {
  const { settings } = opened
  const { task, directory } = inputs
  const place = { cwd: directory, projectRoot: settings.projectRoot }
  const additions = {
    ...inputs.additions,
    inputs: inputs.additions.inputs.map((pattern) => patternFromRoot(pattern, place)),
    outputs: inputs.paths.map((output) => outputFromRoot(output, place)),
    command: command.kind === 'declared' ? undefined : { line: command.line, directory },
  }
  try {
    return createTaskWork(task, { settings, env, additions })
  } catch (error) {
    if (!isTaskVaultError(error, 'TASK_UNKNOWN')) throw error
    throw new TaskVaultError('TASK_UNKNOWN', error.message, { hint: NOTHING_TO_RUN, cause: error })
  }
}

const NOTHING_TO_RUN =
  'Put the work under run, or declare it in .taskvault/config.yaml; or name under path what to keep.'

function tell(step: RunStep, outcome: RunOutcome): void {
  const { runner, inputs, opened, troubles } = step
  const { task } = inputs
  const { isDisabled } = opened
  const { key } = outcome
  const hit = outcome.kind === 'hit' ? outcome : undefined
  const reasons = outcome.kind === 'hit' ? [] : outcome.reasons
  const hadTrouble = troubles.hadSome
  const isSaid = outcome.kind === 'ran'
  tellOutcome(runner, { task, key, hit, reasons, hadTrouble, isDisabled, isSaid })
  runner.setOutput('changed-files', changedFiles(reasons))
  if (outcome.kind === 'ran' && !isDisabled) tellSaved(step, outcome.save)
  if (staysWithoutNotes(outcome)) troubles.remark(OTHERS_STAY)
}

/** Whether another machine will miss again for what was missing in the entry that stays. */
function staysWithoutNotes(outcome: RunOutcome): boolean {
  if (outcome.kind === 'hit' || outcome.save.kind === 'not-saved') return false
  const isMissing = outcome.reasons.some(({ kind }) => kind === 'notes-missing')
  return isMissing && outcome.save.remote?.kind === 'known'
}

const OTHERS_STAY =
  'The vault keeps the entry that was saved elsewhere, without what the script writes to files of the runner, so other machines run it again. Give it a separate key here: put GITHUB_ACTIONS under env.'

/** What the runner gives to actions and to no command: it could read and write every cache with it. */
const ONLY_FOR_ACTIONS = /^(ACTIONS_(RUNTIME|RESULTS|CACHE)_|TASKVAULT_TOKEN$)/

function withoutTokens(env: HalfStep['opened']['env']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ONLY_FOR_ACTIONS.test(name)))
}
