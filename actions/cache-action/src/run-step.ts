import {
  createTaskWork,
  detectWorkplace,
  resolvePolicy,
  runTask,
  spawnPiped,
} from '@taskvault/core'
import type { RunOutcome, SignalSource } from '@taskvault/core'
import { createQuietReplay } from './quiet-replay.ts'
import type { HalfStep } from './restore-step.ts'
import { openRunnerFiles } from './runner-files.ts'
import type { StepInputs } from './step-inputs.ts'
import { tellOutcome } from './tell-outcome.ts'
import { tellSaved } from './tell-saved.ts'

export interface RunStep extends HalfStep {
  readonly command: NonNullable<StepInputs['command']>
  /** Of the runner, when the job is cancelled. */
  readonly signals: SignalSource
}

/**
 * Runs the command, or puts back all that it made: files, what it printed, and what it wrote to the
 * runner's files.
 * @returns its status.
 */
export async function runStep(step: RunStep): Promise<number> {
  const { runner, inputs, opened, troubles, command } = step
  const { settings, vault } = opened
  const { projectRoot } = settings
  using files = openRunnerFiles(withoutTokens(opened.env), { projectRoot, task: inputs.task })
  const additions = { ...inputs.additions, outputs: [...inputs.paths, files.output], command }
  const work = createTaskWork(inputs.task, { settings, env: files.env, additions })
  const { origin, subject } = detectWorkplace({ projectRoot, env: opened.env })
  const output = createQuietReplay(runner.stdout)
  const outcome = await runTask(vault, {
    ...work,
    origin,
    policy: resolvePolicy(settings, { task: inputs.task, ...subject }),
    output,
    isTerminal: false,
    sharesTerminal: false,
    spawn: spawnPiped,
    signals: step.signals,
    skipsLookup: false,
    neverSaves: inputs.isReadOnly ? 'read-only' : undefined,
    onEvent(event) {
      if (event.kind === 'missed') output.goLive()
      troubles.event(event)
    },
  })
  output.finish()
  files.passOn(opened.env)
  tell(step, outcome)
  return outcome.exitCode
}

function tell(step: RunStep, outcome: RunOutcome): void {
  const { runner, inputs, troubles } = step
  const { task } = inputs
  const { key } = outcome
  const hit = outcome.kind === 'hit' ? outcome : undefined
  const reasons = outcome.kind === 'hit' ? [] : outcome.reasons
  tellOutcome(runner, { task, key, hit, reasons, hadTrouble: troubles.hadSome })
  if (outcome.kind === 'ran') tellSaved(step, outcome.save)
}

/** What the runner gives to actions and to no command: it could read and write every cache with it. */
const ONLY_FOR_ACTIONS = /^(ACTIONS_(RUNTIME|RESULTS|CACHE)_|TASKVAULT_TOKEN$)/

function withoutTokens(env: HalfStep['opened']['env']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ONLY_FOR_ACTIONS.test(name)))
}
