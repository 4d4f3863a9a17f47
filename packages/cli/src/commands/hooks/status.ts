import { GIT_HOOKS, observeHooks } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'
import { describeHook, hookToData, hooksPathToData } from '../../render/hook-lines.ts'
import { renderTable } from '../../render/table.ts'

export function registerHooksStatus(parent: Command, cli: Cli): void {
  parent
    .command('status')
    .description('Show which hooks are installed, where, and by whom')
    .action(cli.action(() => showStatus(cli)))
}

async function showStatus(cli: Cli): Promise<void> {
  const view = observeHooks(cli.cwd, cli.host.env)
  const { directory, git } = view
  const setBy =
    directory.hooksPath === undefined ? '' : ` (core.hooksPath, ${directory.hooksPath.origin})`
  cli.voice.answer({
    text: () =>
      [
        renderTable(
          GIT_HOOKS.map((hook) => describeHook(view, hook)),
          {
            header: ['HOOK', 'RUNS', 'FILE'],
          },
        ),
        '',
        `git ${git.text} looks for hooks in ${directory.absolutePath}${setBy}`,
      ].join('\n'),
    data: () => ({
      git: git.text,
      runsConfiguredHooks: git.runsConfiguredHooks,
      directory: directory.absolutePath,
      audience: directory.audience,
      hooksPath: hooksPathToData(view),
      hooks: GIT_HOOKS.map((hook) => hookToData(view, hook)),
    }),
  })
}
