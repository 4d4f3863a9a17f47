import path from 'node:path'
import {
  begunWorkPath,
  createKeyableWork,
  detectPlace,
  asPassedOver,
  parseTaskName,
  restoreTask,
  writeBegunWork,
} from '@taskvault/core'
import type { BegunWork, HitOutcome, RestoreTaskOutcome, TaskName } from '@taskvault/core'
import type { Command } from 'commander'
import { resolveFileArgument } from '../arguments/path-argument.ts'
import { createAdditions, type Declaration } from '../arguments/run-options.ts'
import { addDeclaration } from '../arguments/work-options.ts'
import type { Cli } from '../cli.ts'
import { EXIT } from '../exit-codes.ts'
import { describeReason } from '../render/change-reasons.ts'
import { createRestoreVoice } from '../render/halves-voice.ts'
import type { RestoreVoice } from '../render/halves-voice.ts'
import { openRunVault } from './open-run-vault.ts'

interface Options extends Declaration {
  readonly force: boolean
  readonly readOnly: boolean
  readonly state?: string
  readonly cache: boolean
  readonly showKey: boolean
  readonly fallback: readonly TaskName[]
}

export function registerRestore(parent: Command, cli: Cli): void {
  addDeclaration(parent.command('restore').argument('<task>', 'task name'))
    .description(
      'Restore what a task made; runs nothing, and exits with 0 on a hit and 1 on a miss',
    )
    .option('--force', 'always report a miss, and let `save` save', false)
    .option('--read-only', 'let `save` save nothing', false)
    .option('--cache', 'keep a tool’s cache, at any --output path, instead of a result', false)
    .option(
      '--fallback <name>',
      'a cache whose newest entry is restored on a miss (with --cache)',
      (name: string, earlier: readonly TaskName[]) => [...earlier, parseTaskName(name)],
      [],
    )
    .option('--show-key', 'also print the key', false)
    .option('--state <file>', 'where to leave notes for `save` (default: beside the cache)')
    .action(cli.action((task: string, options: Options) => restore(cli, task, options)))
}

async function restore(cli: Cli, taskText: string, options: Options): Promise<number> {
  const task = parseTaskName(taskText)
  const settings = await cli.settings()
  const { projectRoot } = settings
  const { env, stdout, stderr, now } = cli.host
  const { stopped: signal } = cli.signals
  const ownFile =
    options.state === undefined ? undefined : resolveFileArgument(options.state, cli.cwd)
  const additions = {
    ...createAdditions(options, [], { cwd: cli.cwd, projectRoot, ownFile }),
    ...(options.cache && { isCache: true, outputs: cachePaths(options.output, cli.cwd) }),
  }
  const work = createKeyableWork(task, { settings, env, additions })
  const { policy } = detectPlace(task, { settings, env })
  const voice = createRestoreVoice(cli, task)
  const vault = await openRunVault(cli, voice.trouble)
  const outcome = await restoreTask(vault, {
    ...work,
    projectRoot,
    policy,
    // The one document that was asked for is alone on standard output.
    output: { stdout: cli.options.json ? stderr : stdout, stderr },
    isTerminal: stdout.isTTY === true && !cli.options.json,
    skipsLookup: options.force,
    fallbacks: options.fallback.map((name) => ({ task: name })),
    neverSaves: options.readOnly ? 'read-only' : undefined,
    now,
    signal,
    onEvent: voice.event,
  })
  // Where nothing can be saved, `save` says why.
  if (ownFile !== undefined || vault?.isReadOnly !== true)
    leaveWord(ownFile ?? begunWorkPath(settings, task), outcome.begun, voice)
  if (options.showKey) voice.key(outcome.key)
  return report(cli, { task, outcome, voice })
}

/** A path at home is left to whoever knows where that is. */
function cachePaths(outputs: readonly string[], cwd: string): readonly string[] {
  return outputs.map((output) => (output.startsWith('~/') ? output : path.resolve(cwd, output)))
}

/** Without it nothing is saved, which is no reason to keep the task from being run. */
function leaveWord(state: string, begun: BegunWork, voice: RestoreVoice): void {
  try {
    writeBegunWork(state, begun)
  } catch (error) {
    const failure = asPassedOver(error)
    // Of what is not saved anyway, the reason is told, or goes without saying.
    if (begun.nothingToSave === undefined) voice.trouble(failure)
  }
}

interface Report {
  readonly task: TaskName
  readonly outcome: RestoreTaskOutcome
  readonly voice: RestoreVoice
}

function report(cli: Cli, { task, outcome, voice }: Report): number {
  voice.outcome(outcome)
  if (cli.options.json) {
    cli.voice.answer({ text: () => '', data: () => describe(task, outcome) })
  }
  return outcome.kind === 'hit' ? EXIT.ok : EXIT.miss
}

function describe(task: TaskName, outcome: RestoreTaskOutcome): unknown {
  const common = { outcome: outcome.kind, task, key: outcome.key ?? null }
  if (outcome.kind === 'miss') {
    const reasons = outcome.reasons.map((reason) => ({ ...reason, text: describeReason(reason) }))
    const { fallback } = outcome
    if (fallback === undefined) return { ...common, reasons }
    return { ...common, outcome: 'partial', reasons, fallback: describeHit(fallback) }
  }
  return { ...common, ...describeHit(outcome) }
}

function describeHit({ changes, manifest, receivedBytes }: HitOutcome): Record<string, unknown> {
  const { createdAtMs, durationMs, origin, sizeBytes } = manifest
  return {
    task: manifest.task,
    key: manifest.key,
    createdAtMs,
    durationMs,
    origin,
    sizeBytes,
    fileCount: changes.written.length + changes.unchangedCount,
    written: changes.written.length,
    removed: changes.removed.length,
    unchanged: changes.unchangedCount,
    receivedBytes,
  }
}
