import { text } from 'node:stream/consumers'
import { GIT_HOOKS, TaskVaultError, isForced, runHook } from '@taskvault/core'
import type { GitHook } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'
import { createHookVoice } from '../../render/hook-voice.ts'
import { openVaultOrWarn } from '../open-vault-or-warn.ts'

interface Options {
  readonly explain: boolean
  readonly force: boolean
}

export function registerHooksRun(parent: Command, cli: Cli): void {
  parent
    .command('run')
    .description('Do what a git hook does: run its tasks, except those that passed on this content')
    .argument('<hook>', GIT_HOOKS.join(', '))
    .argument('[arguments...]', "git's arguments for the hook; not required")
    .option('--explain', 'say what would be run and why, and do nothing', false)
    .option(
      '--force',
      'run every task, even if it has passed; so do TASKVAULT_SKIP=0 and TASKVAULT_FORCE=1',
      false,
    )
    .addHelpText('after', HELP)
    .action(
      cli.action((hook: string, _arguments: string[], options: Options) => run(cli, hook, options)),
    )
}

const HELP = `
Runs the tasks that name the hook under "hooks:" in the configuration; those of pre-commit also run
for pre-merge-commit.

pre-commit and pre-merge-commit test the index; pre-push tests what git names on standard input,
one line per ref: <local ref> <local id> <remote ref> <remote id>. At a terminal, and with </dev/null,
it tests HEAD. If that differs from the work tree in files that a task reads, the task runs in a
separate checkout.

Exits with 0 if git may go on, otherwise with the status of the first required task that failed.
With --json, prints the decisions as JSON, and runs nothing.`

async function run(cli: Cli, hookText: string, options: Options): Promise<number> {
  const hook = parseHook(hookText)
  const settings = await cli.settings()
  const { env } = cli.host
  const explains = options.explain || cli.options.json
  const voice = createHookVoice(cli, { hook, settings, explains })
  const input = await readInput(cli, { hook, onWait: voice.waiting })
  const vault = await openVaultOrWarn(cli, voice.trouble)
  const request = {
    hook,
    settings,
    env,
    input,
    skipsLookup: options.force || isForced(env),
    explains,
    onEvent: voice.event,
  }
  const outcome = await runHook(vault, request, async () => {
    // Looking for a terminal takes a while; on a hit nobody asks for one.
    const { findSurroundings } = await import('../find-surroundings.ts')
    return await findSurroundings(cli)
  })
  voice.outcome(outcome)
  return outcome.exitCode
}

function parseHook(hookText: string): GitHook {
  const hook = GIT_HOOKS.find((known) => known === hookText)
  if (hook !== undefined) return hook
  throw new TaskVaultError('ARGUMENT_INVALID', `TaskVault has no hook ${hookText}`, {
    hint: `Name one of: ${GIT_HOOKS.join(', ')}.`,
  })
}

interface Listening {
  readonly hook: GitHook
  readonly onWait: () => void
}

/** Git writes its list at once, and closes it. */
const WAIT_NOTICE_MS = 2000

/**
 * What git names. A terminal and /dev/null have no lines of git's to give. A pipe that nobody closes is waited
 * for, but not in silence: to go on without what is still to come would be to test something else.
 */
async function readInput(cli: Cli, { hook, onWait }: Listening): Promise<string | undefined> {
  if (hook !== 'pre-push' || !cli.host.isFed) return undefined
  const notice = setTimeout(onWait, WAIT_NOTICE_MS)
  try {
    return await text(cli.stdin)
  } finally {
    clearTimeout(notice)
  }
}
