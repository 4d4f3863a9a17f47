import {
  TaskVaultError,
  detectPlace,
  asCacheTrouble,
  asTaskVaultError,
  openStream,
  parseTaskName,
} from '@taskvault/core'
import type {
  LoadedSettings,
  SavedEntry,
  SaveRequest,
  SkippedSave,
  TaskName,
} from '@taskvault/core'
import type { Command } from 'commander'
import { resolvePathArgument } from '../../arguments/path-argument.ts'
import { checkApart } from '../../arguments/result-target.ts'
import type { Cli } from '../../cli.ts'
import { renderSaved } from '../../render/cache-lines.ts'
import { formatBytes } from '../../render/quantities.ts'
import { fingerprintInput } from '../fingerprint-input.ts'

export function registerCacheSave(parent: Command, cli: Cli): void {
  parent
    .command('save')
    .description('Save a result under a task and the content of its input')
    .argument('<task>', 'task name')
    .argument('<input>', 'what the task read: a file, a directory, a pipe, or - for standard input')
    .argument(
      '<output>',
      'what the task wrote: a file, a directory, a pipe, or - for standard input',
    )
    .action(
      cli.action((task: string, input: string, output: string) =>
        save(cli, { task, input, output }),
      ),
    )
}

interface Arguments {
  readonly task: string
  readonly input: string
  readonly output: string
}

async function save(cli: Cli, { task: taskText, input, output }: Arguments): Promise<void> {
  if (input === '-' && output === '-') {
    throw new TaskVaultError(
      'ARGUMENT_INVALID',
      'Standard input cannot be both the input and the output',
      {
        hint: 'Give a file for one of them.',
      },
    )
  }
  const task = parseTaskName(taskText)
  const settings = await cli.settings()
  try {
    report(cli, task, await saveResult(cli, { settings, task, input, output }))
  } catch (error) {
    // The work is done, and no pipeline goes red because it could not be remembered.
    const { code, message, hint } = asCacheTrouble(error)
    cli.voice.warn(`Not cached: ${message}${hint === undefined ? '' : `\nhint: ${hint}`}`)
    cli.voice.confirm({
      text: () => `${cli.voice.style('yellow', '-')} Skipped ${task}`,
      data: () => ({ outcome: 'skipped', task, because: 'trouble', error: code }),
    })
  }
}

interface Saving {
  readonly settings: LoadedSettings
  readonly task: TaskName
  readonly input: string
  readonly output: string
}

async function saveResult(cli: Cli, saving: Saving): Promise<SavedEntry | SkippedSave> {
  const { settings, task, input } = saving
  const vault = await cli.openVault()
  const work = await fingerprintInput(cli, { vault, task, input })
  return await vault.save({
    task,
    work,
    outputs: openOutput(cli, saving),
    exitCode: 0,
    durationMs: 0,
    ...detectPlace(task, { settings, env: cli.host.env }),
  })
}

/** A file or directory by its path; the bytes of anything that can be read only once. */
function openOutput(cli: Cli, { output, settings }: Saving): SaveRequest['outputs'] {
  const absolutePath = resolvePathArgument(output, cli.cwd)
  checkApart(output, absolutePath, settings)
  try {
    return openStream(absolutePath, () => cli.stdin) ?? [{ declaredAs: '', absolutePath }]
  } catch (error) {
    const { message } = asTaskVaultError(error, `read the output ${output}`)
    throw new TaskVaultError('OUTPUT_UNREADABLE', message, {
      hint: 'Check that it exists, who owns it, and its mode.',
      cause: error,
    })
  }
}

function report(cli: Cli, task: string, saved: SavedEntry | SkippedSave): void {
  if (saved.kind === 'saved') {
    cli.voice.confirm({
      text: () => `${cli.voice.style('green', '✓')} ${renderSaved(task, saved)}`,
      data: () => ({ outcome: 'saved', task, ...saved, kind: undefined }),
    })
    return
  }
  // An outcome, not a failure: the policy did what it is there for.
  cli.voice.warn(`Not cached: ${describeSkip(task, saved)}`)
  cli.voice.confirm({
    text: () =>
      `${cli.voice.style('yellow', '-')} Skipped ${task} (size: ${saved.sizeBytes} bytes)`,
    data: () => ({ outcome: 'skipped', task, because: saved.because, sizeBytes: saved.sizeBytes }),
  })
}

function describeSkip(task: string, { because, sizeBytes }: SkippedSave): string {
  const reason =
    because === 'too-large'
      ? `${formatBytes(sizeBytes)} is more than the policy's max_size_bytes allows`
      : 'the policy lets this task and branch only read'
  return `${reason}; \`taskvault policy explain ${task}\` names the line`
}
