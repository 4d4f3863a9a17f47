import type { Command } from 'commander'
import type { Declaration } from '../arguments/run-options.ts'
import { addWorkOptions, wordsOf } from '../arguments/work-options.ts'
import type { Cli } from '../cli.ts'
import { run } from './run.ts'

/** What `run --explain` prints, by a name of its own. */
export function registerExplain(parent: Command, cli: Cli): void {
  addWorkOptions(parent.command('explain'))
    .description('Say whether a task would run, and what has changed since it last did')
    .action(
      cli.action((task: string, command: string[], options: Declaration) =>
        run(cli, { task, command, options: { ...options, ...DECIDE_ONLY }, argv: wordsOf(parent) }),
      ),
    )
}

const DECIDE_ONLY = { explain: true, force: false, readOnly: false, save: true }
