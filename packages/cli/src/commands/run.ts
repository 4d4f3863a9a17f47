import {
  createRunVault,
  createTaskWork,
  decideRun,
  detectPlace,
  isTaskVaultError,
  parseTaskName,
  runTask,
  showCommand,
} from '@taskvault/core'
import type {
  Origin,
  ResolvedPolicy,
  RunOutcome,
  RunRequest,
  Settings,
  TaskWork,
} from '@taskvault/core'
import type { Command } from 'commander'
import { resolveFileArgument } from '../arguments/path-argument.ts'
import { createAdditions, type RunOptions } from '../arguments/run-options.ts'
import { addWorkOptions, checkCommandWords, wordsOf } from '../arguments/work-options.ts'
import type { Cli } from '../cli.ts'
import { describeReason } from '../render/change-reasons.ts'
import { onOneLine } from '../render/one-line.ts'
import { renderProvenance } from '../render/run-lines.ts'
import { createRunVoice } from '../render/run-voice.ts'
import type { RunVoice } from '../render/run-voice.ts'
import { findSurroundings } from './find-surroundings.ts'
import { openRunVault } from './open-run-vault.ts'
import { writeRunResult } from './write-run-result.ts'

export function registerRun(parent: Command, cli: Cli): void {
  addWorkOptions(parent.command('run'))
    .description('Run a command, or restore its results if nothing it reads has changed')
    .option('--explain', 'say what would be done and why, and do nothing', false)
    .option('--force', 'run even if the result is known', false)
    .option('--read-only', 'use what was saved, and save nothing', false)
    .option('--no-save', 'save nothing')
    .option('--show-key', 'also print the key', false)
    .option('--result <file>', 'write the outcome to this file, as JSON')
    .addHelpText('after', '\nWith --json, prints the decision as JSON, and runs nothing.')
    .action(
      cli.action((task: string, command: string[], options: RunOptions) =>
        run(cli, { task, command, options, argv: wordsOf(parent) }),
      ),
    )
}

/** A parsed command line. */
export interface Arguments {
  readonly task: string
  readonly command: readonly string[]
  readonly options: RunOptions
  /** The command line as it was typed. */
  readonly argv: readonly string[]
}

interface Job {
  readonly cli: Cli
  readonly settings: Settings
  readonly work: TaskWork
  readonly policy: ResolvedPolicy
  readonly origin: Origin
  /** Where what came of it is written; absolute. */
  readonly resultFile: string | undefined
}

/** Runs the work, or says what running it would do. */
export async function run(
  cli: Cli,
  { task: taskText, command, options, argv }: Arguments,
): Promise<number> {
  const task = parseTaskName(taskText)
  checkCommandWords(command, argv)
  const settings = await cli.settings()
  const { projectRoot } = settings
  const env = cli.host.env
  const resultFile =
    options.result === undefined ? undefined : resolveFileArgument(options.result, cli.cwd)
  const place = { cwd: cli.cwd, projectRoot, ownFile: resultFile }
  const additions = createAdditions(options, command, place)
  const work = createTaskWork(task, { settings, env, additions })
  const job: Job = { cli, settings, work, ...detectPlace(task, { settings, env }), resultFile }
  return options.explain || cli.options.json
    ? await explain(job, options)
    : await execute(job, options)
}

async function explain({ cli, work, policy }: Job, { showKey }: RunOptions): Promise<number> {
  const vault = await cli.openVault()
  const decision = await decideRun(vault, { work, policy, runVault: createRunVault(vault) })
  const { task } = work
  const command = showCommand(work.command).trim()
  cli.voice.answer({
    text: () =>
      [
        ...(decision.kind === 'hit'
          ? [`${task}: hit, ${renderProvenance(decision.manifest, cli.host.now())}`]
          : [
              `${task}: miss, would run ${onOneLine(command)}`,
              ...decision.reasons.map((reason) => `  ${describeReason(reason)}`),
            ]),
        ...(showKey === true ? [`${task}: key ${decision.key}`] : []),
      ].join('\n'),
    data: () => {
      const common = { decision: decision.kind, task, key: decision.key, command }
      if (decision.kind === 'miss') {
        return {
          ...common,
          reasons: decision.reasons.map((reason) => ({ ...reason, text: describeReason(reason) })),
        }
      }
      const { exitCode, createdAtMs, durationMs, origin, sizeBytes, fileCount } = decision.manifest
      const found = { sizeBytes, pathCount: fileCount }
      return { ...common, exitCode, createdAtMs, durationMs, origin, ...found }
    },
  })
  return 0
}

async function execute(job: Job, options: RunOptions): Promise<number> {
  const { cli, resultFile } = job
  const voice = createRunVoice(cli, job.work)
  const vault = await openRunVault(cli, voice.trouble)
  const request = await createRequest(job, options)
  const outcome = await runTask(vault, { ...request, onEvent: voice.event })
  voice.outcome(outcome)
  if (options.showKey) voice.key(outcome.key)
  if (resultFile !== undefined) leaveResult(resultFile, outcome, voice)
  return outcome.exitCode
}

/** The task is done; that nobody can be told in full does not undo it. */
function leaveResult(file: string, outcome: RunOutcome, voice: RunVoice): void {
  try {
    writeRunResult(file, outcome)
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    voice.unwritten(error)
  }
}

async function createRequest(
  { cli, work, policy, origin }: Job,
  options: RunOptions,
): Promise<Omit<RunRequest, 'onEvent'>> {
  return {
    ...work,
    ...(await findSurroundings(cli)),
    policy,
    origin,
    skipsLookup: options.force,
    neverSaves: options.readOnly ? 'read-only' : options.save ? undefined : 'no-save',
  }
}
