import type { Command } from 'commander'
import { Argument } from 'commander'
import type { Cli } from '../cli.ts'
import { describeCommands } from '../completion/command-tree.ts'
import { COMPLETION_SCRIPTS, isShell } from '../completion/scripts.ts'

export function registerCompletion(parent: Command, cli: Cli): void {
  const shells = Object.keys(COMPLETION_SCRIPTS)
  parent
    .command('completion')
    .description('Print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText('after', INSTALLATION)
    .action(cli.action((shell: string) => printScript(cli, parent, shell)))
}

const INSTALLATION = `
To install:
  bash        taskvault completion bash > ~/.local/share/bash-completion/completions/taskvault
  zsh         taskvault completion zsh > "\${fpath[1]}/_taskvault"
  fish        taskvault completion fish > ~/.config/fish/completions/taskvault.fish
  powershell  taskvault completion powershell >> $PROFILE`

async function printScript(cli: Cli, program: Command, shell: string): Promise<void> {
  if (!isShell(shell)) throw new Error(`commander let the shell ${shell} through`)
  const script = COMPLETION_SCRIPTS[shell](describeCommands(program))
  cli.voice.answer({ text: () => script.trimEnd(), data: () => ({ shell, script }) })
}
