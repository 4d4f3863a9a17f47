import { lstatSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  againIfOvertaken,
  asTaskVaultError,
  parseTaskName,
  systemErrorCode,
  TaskVaultError,
} from '@taskvault/core'
import type {
  ChangeReason,
  KeyedFingerprint,
  Miss,
  StagedEntry,
  TaskName,
  Vault,
} from '@taskvault/core'
import type { Command } from 'commander'
import { parseResultTarget } from '../../arguments/result-target.ts'
import type { Cli } from '../../cli.ts'
import { EXIT } from '../../exit-codes.ts'
import { renderHit } from '../../render/cache-lines.ts'
import { describeReason, summariseReasons } from '../../render/change-reasons.ts'
import { fingerprintInput } from '../fingerprint-input.ts'
import { openVaultUnlessTrouble } from '../open-vault-unless-trouble.ts'

export function registerCacheGet(parent: Command, cli: Cli): void {
  parent
    .command('get')
    .description('Restore the result saved for an input; exits with 0 on a hit and 1 on a miss')
    .argument('<task>', 'task name')
    .argument(
      '<input>',
      'what the task would read: a file, a directory, a pipe, or - for standard input',
    )
    .argument('<output>', 'where the result goes: a path, a pipe, or - for standard output')
    .action(
      cli.action((task: string, input: string, output: string) =>
        get(cli, { task, input, output }),
      ),
    )
}

interface Arguments {
  readonly task: string
  readonly input: string
  readonly output: string
}

interface Lookup {
  readonly vault: Vault
  readonly task: TaskName
  readonly work: KeyedFingerprint
}

async function get(cli: Cli, { task: taskText, input, output }: Arguments): Promise<number> {
  const task = parseTaskName(taskText)
  const target = parseResultTarget(output, { cwd: cli.cwd, settings: await cli.settings() })
  const vault = await openVaultUnlessTrouble(cli)
  if (!('stage' in vault)) return reportMiss(cli, task, [vault])
  const work = await fingerprintInput(cli, { vault, task, input })
  const lookup = { vault, task, work }
  switch (target.kind) {
    case 'path':
      return await restore(cli, lookup, target.absolutePath)
    case 'standard-output':
      return await print(cli, lookup, () => cli.host.stdout)
    case 'stream':
      return await print(cli, lookup, target.open)
  }
}

async function restore(cli: Cli, lookup: Lookup, absolutePath: string): Promise<number> {
  const { task, work } = lookup
  const staged = await againIfOvertaken(() => putInPlace(cli, lookup, absolutePath))
  if (staged.kind === 'miss') return reportMiss(cli, task, staged.reasons)
  const { sizeBytes } = staged.manifest
  cli.voice.confirm({
    text: () => `${cli.voice.style('green', '✓')} ${renderHit(task, sizeBytes)}`,
    data: () => ({
      outcome: 'hit',
      task,
      key: work.key,
      sizeBytes,
      written: staged.changes.written.length,
      removed: staged.changes.removed.length,
      unchanged: staged.changes.unchangedCount,
    }),
  })
  return EXIT.ok
}

async function putInPlace(
  cli: Cli,
  { vault, task, work }: Lookup,
  absolutePath: string,
): Promise<Miss | StagedEntry> {
  const staged = await vault.stage({ task, work, targets: [{ declaredAs: '', absolutePath }] })
  if (staged.kind === 'miss') return staged
  // Also when a signal ends the command: what was staged beside the target must not stay there.
  cli.closeAtEnd(staged)
  await using entry = staged
  checkKind(entry, absolutePath)
  await entry.apply()
  return entry
}

/** `cp file directory/` puts the file into the directory; nobody expects it to go for the file. */
function checkKind({ manifest }: StagedEntry, absolutePath: string): void {
  const isDirectory = manifest.outputs.some(({ entry }) => entry.kind === 'directory')
  const found = lstatSync(absolutePath, { throwIfNoEntry: false })
  if (isDirectory || found?.isDirectory() !== true) return
  throw new TaskVaultError(
    'OUTPUT_BLOCKED',
    `Could not put the result in place: ${absolutePath} is a directory, but the result is not`,
    { hint: 'Name the file itself, or remove the directory.' },
  )
}

/** The result's bytes on a stream, and nothing else there. */
async function print(
  cli: Cli,
  { vault, task, work }: Lookup,
  open: () => Writable,
): Promise<number> {
  const content = await vault.openResult(task, work)
  if (content === undefined) return reportMiss(cli, task, [])
  const stream = open()
  const sizeBytes = await send(content, stream, { end: stream !== cli.host.stdout })
  cli.voice.confirmAside({
    text: () => `✓ ${renderHit(task, sizeBytes)}`,
    data: () => ({ outcome: 'hit', task, key: work.key, sizeBytes }),
  })
  return EXIT.ok
}

/** @returns how many bytes it were. */
async function send(
  content: AsyncIterable<Uint8Array>,
  stream: Writable,
  options: { readonly end: boolean },
): Promise<number> {
  let sizeBytes = 0
  try {
    await pipeline(
      content,
      async function* count(chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          sizeBytes += chunk.length
          yield chunk
        }
      },
      stream,
      options,
    )
  } catch (error) {
    // A reader that went away is no failure; `main` sees to it.
    if (systemErrorCode(error) === 'EPIPE') throw error
    throw asTaskVaultError(error, 'write the result')
  }
  return sizeBytes
}

function reportMiss(cli: Cli, task: TaskName, reasons: readonly ChangeReason[]): number {
  const because = reasons.length === 0 ? '' : `: ${summariseReasons(reasons)}`
  cli.voice.remark(`✗ Cache miss for ${task}${because}`)
  if (cli.options.json) {
    const described = reasons.map((reason) => ({ ...reason, text: describeReason(reason) }))
    cli.voice.answer({
      text: () => '',
      data: () => ({ outcome: 'miss', task, reasons: described }),
    })
  }
  return EXIT.miss
}
