import { writeSync } from 'node:fs'
import process from 'node:process'
import { Readable } from 'node:stream'
import { isForced, loadSettings, openConfigMemory, recallPasses } from '@taskvault/core'
import type { TaskReport } from '@taskvault/core'
import { parseHookCall } from './hook-call.ts'
import type { HookCall } from './hook-call.ts'
import { isTerminal } from './is-terminal.ts'
import { memoryOf } from './launch.ts'
import type { Launch } from './launch.ts'
import { readPipedInput } from './piped-input.ts'
import type { PipedInput } from './piped-input.ts'
import { wantsColour } from './render/colours.ts'
import { renderRecalled } from './render/recalled-lines.ts'

/*
 * `taskvault hooks run <hook>` as git hooks call it. Mostly all tasks have passed before: that is found
 * out and said here, by one file that holds no more than it takes. Anything else is left to the command
 * as a whole, which begins anew.
 */

const STDERR = 2

export async function start(launch: Launch): Promise<void> {
  const { argv, env } = process
  const call = isForced(env) ? undefined : parseHookCall(argv.slice(2), process)
  const input = call?.hook === 'pre-push' ? readPipedInput() : undefined
  const reports = call && (await recall(call, { launch, input }))
  if (call === undefined || reports === undefined) return await startWhole(launch, input)
  const hasColour = wantsColour(env, { isTTY: isTerminal(STDERR) })
  say(renderRecalled(reports, { hook: call.hook, hasColour, nowMs: Date.now() }))
  process.exit(0)
}

interface Circumstances {
  readonly launch: Launch
  readonly input: PipedInput | undefined
}

async function recall(
  { hook, cwd }: HookCall,
  { launch, input }: Circumstances,
): Promise<readonly TaskReport[] | undefined> {
  const place = memoryOf(launch)
  if (place === undefined || input?.isWhole === false) return undefined
  const { env } = process
  try {
    const settings = await loadSettings({ cwd, env, memory: openConfigMemory(place) })
    return await recallPasses({
      hook,
      settings,
      env,
      input: input?.bytes.toString(),
      now: Date.now,
    })
  } catch {
    // The command as a whole says what it is.
    return undefined
  }
}

async function startWhole(launch: Launch, input: PipedInput | undefined): Promise<void> {
  const command = await import('./start.ts')
  await command.start(launch, input && Readable.from(replay(input)))
}

/** Standard input from its beginning. */
async function* replay({ bytes, isWhole }: PipedInput): AsyncGenerator<Buffer> {
  yield bytes
  if (!isWhole) yield* process.stdin
}

function say(text: string): void {
  try {
    writeSync(STDERR, text)
  } catch {
    process.stderr.write(text)
  }
}
