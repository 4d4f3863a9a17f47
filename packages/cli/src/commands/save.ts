import {
  begunWorkPath,
  detectPlace,
  asPassedOver,
  parseTaskName,
  readBegunWork,
  removeBegunWork,
  saveTask,
  TaskVaultError,
} from '@taskvault/core'
import type { BegunWork, SaveTaskOutcome, TaskName } from '@taskvault/core'
import type { Command } from 'commander'
import { parseExitStatus } from '../arguments/option-values.ts'
import { resolveFileArgument } from '../arguments/path-argument.ts'
import type { Cli } from '../cli.ts'
import { createSaveVoice } from '../render/halves-voice.ts'
import type { SaveVoice } from '../render/halves-voice.ts'
import { openRunVault } from './open-run-vault.ts'

interface Options {
  readonly state?: string
  readonly exitCode: number
}

export function registerSave(parent: Command, cli: Cli): void {
  parent
    .command('save')
    .description('Save what a task made after its `restore` was a miss')
    .argument('<task>', 'task name')
    .option('--state <file>', 'where `restore` left its notes (default: beside the cache)')
    .option(
      '--exit-code <number>',
      'exit code of the task; failures are saved only if the policy says so',
      parseExitStatus,
      0,
    )
    .action(cli.action((task: string, options: Options) => save(cli, task, options)))
}

async function save(cli: Cli, taskText: string, options: Options): Promise<void> {
  const task = parseTaskName(taskText)
  const settings = await cli.settings()
  const { env, now } = cli.host
  const state =
    options.state === undefined
      ? begunWorkPath(settings, task)
      : resolveFileArgument(options.state, cli.cwd)
  const voice = createSaveVoice(cli, task)
  const begun = readWord(state, task)
  if (typeof begun === 'string') {
    const isReadOnly = (await openRunVault(cli, voice.trouble))?.isReadOnly === true
    const message = isReadOnly ? 'this user may not write to the cache' : begun
    return reportNotBegun(cli, { task, voice, message })
  }

  const vault =
    begun.nothingToSave === undefined ? await openRunVault(cli, voice.trouble) : undefined
  const outcome = await saveTask(vault, {
    begun,
    ...detectPlace(task, { settings, env }),
    exitCode: options.exitCode,
    env,
    now,
    onEvent: voice.event,
  })
  removeBegunWork(state)
  voice.outcome(outcome)
  answer(cli, () => describe(task, outcome))
}

/**
 * What the restore left; why there is nothing, when trouble kept it from leaving any.
 * @throws {TaskVaultError} ARGUMENT_INVALID when it is about another task.
 */
function readWord(state: string, task: TaskName): BegunWork | string {
  try {
    const begun = readBegunWork(state)
    if (begun === undefined)
      return `no \`taskvault restore ${task}\` ran before it: there is no ${state}`
    if (begun.task === task) return begun
    throw new TaskVaultError(
      'ARGUMENT_INVALID',
      `${state} was left by a restore of ${begun.task}, not of ${task}`,
      { hint: 'Give `restore` and `save` the same task, and each task a --state of its own.' },
    )
  } catch (error) {
    return `${state} cannot be used: ${asPassedOver(error).message}`
  }
}

function reportNotBegun(
  cli: Cli,
  { task, voice, message }: { task: TaskName; voice: SaveVoice; message: string },
): void {
  voice.notBegun(message)
  answer(cli, () => ({ outcome: 'not-saved', task, key: null, because: 'not-begun', message }))
}

function answer(cli: Cli, data: () => unknown): void {
  if (cli.options.json) cli.voice.answer({ text: () => '', data })
}

function describe(task: TaskName, outcome: SaveTaskOutcome): unknown {
  const { kind, ...details } = outcome.save
  return {
    outcome: kind,
    task,
    key: outcome.key ?? null,
    durationMs: outcome.durationMs,
    ...details,
  }
}
