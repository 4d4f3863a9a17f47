import { uninstallHooks } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'
import { joinWords } from '../../render/hook-lines.ts'

interface Options {
  readonly shared?: boolean
  readonly force?: boolean
}

export function registerHooksUninstall(parent: Command, cli: Cli): void {
  parent
    .command('uninstall')
    .description('Remove our hooks from git, and put back what was there before')
    .option('--shared', 'also from a directory whose hooks others run')
    .option('--force', 'remove hooks of ours that were edited by hand')
    .action(cli.action((options: Options) => uninstall(cli, options)))
}

async function uninstall(cli: Cli, { shared, force }: Options): Promise<void> {
  const { removed, restored, remarks } = await uninstallHooks({
    cwd: cli.cwd,
    env: cli.host.env,
    wishes: { discardEdits: force === true, mayShare: shared === true },
  })
  const done = [
    ...(removed.length === 0 ? [] : [`Removed ${joinWords(removed)}`]),
    ...(restored.length === 0 ? [] : [`${joinWords(restored)} as before`]),
  ]
  cli.voice.confirm({
    text: () =>
      done.length === 0
        ? 'No hook of TaskVault is installed here'
        : `${cli.voice.style('green', '✓')} ${done.join('; ')}`,
    data: () => ({ removed, restored, remarks }),
  })
  for (const remark of remarks) cli.voice.remark(remark)
}
