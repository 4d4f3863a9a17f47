import { Command, CommanderError, Help, Option } from 'commander'
import packageFile from '../package.json' with { type: 'json' }
import {
  ARGUMENTS_FROM_ENVIRONMENT_HELP,
  findArguments,
} from './arguments/arguments-from-environment.ts'
import { createCli } from './cli.ts'
import type { Cli, GlobalOptions } from './cli.ts'
import { COMMAND_GROUPS, findCommands } from './command-table.ts'
import { EXIT, renderExitCodesForHelp } from './exit-codes.ts'
import type { Host } from './host.ts'
import { wantsColour } from './render/colours.ts'
import { resolveHelp } from './resolve-help.ts'

/** Runs one command line to its end. Never throws; never ends the process. */
export async function main(words: readonly string[], host: Host): Promise<number> {
  let argv = words
  const program: Command = createProgram(host, () => wantsJson(program, argv))
  try {
    argv = resolveHelp(findArguments(words, host.env))
    const cli = createCli(program, host, argv)
    try {
      await addCommands(program, cli, argv)
      await program.parseAsync(argv, { from: 'user' })
    } finally {
      await cli.close()
    }
    return cli.exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok
    // Who read our output has seen enough: no problems found, and nobody is there to be told.
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return EXIT.ok
    // Loaded here, because it needs the core, which `--help` and `completion` do without.
    const { asUsageError, renderFailure } = await import('./render/failure.ts')
    const failure = error instanceof CommanderError ? asUsageError(error) : error
    return renderFailure(failure, { host, asJson: wantsJson(program, argv) })
  }
}

/** The program without commands: what `--help` shows around them, and the global options. */
function createProgram(host: Host, isJson: () => boolean): Command {
  return new Command('taskvault')
    .description('Content-aware cache for deterministic work in CI/CD: cache smarter, ship faster.')
    .version(packageFile.version, '-V, --version')
    .option('--json', 'print results and errors as JSON')
    .option('-q, --quiet', 'print only the requested output and errors')
    .addOption(
      new Option('--config <file>', 'configuration file (default: .taskvault/config.yaml)'),
    )
    .addOption(new Option('-C, --cwd <directory>', 'run as if started in this directory'))
    .addHelpText(
      'after',
      () => `\n${renderExitCodesForHelp()}\n\n${ARGUMENTS_FROM_ENVIRONMENT_HELP}`,
    )
    .configureHelp({ showGlobalOptions: true, optionDescription: describeOption })
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      // The help that comes with an error, which a program reads alone.
      writeErr: (text) => void (isJson() || host.stderr.write(text)),
      // Errors are thrown as well (exitOverride), and rendered in one place with all others.
      outputError: () => undefined,
      getOutHelpWidth: () => host.stdout.columns ?? 100,
      getErrHelpWidth: () => host.stderr.columns ?? 100,
      getOutHasColors: () => wantsColour(host.env, host.stdout),
      getErrHasColors: () => wantsColour(host.env, host.stderr),
    })
    .exitOverride()
}

/** A default of nothing says nothing: it is left out. */
function describeOption(option: Option): string {
  const { defaultValue } = option
  const isNothing =
    defaultValue === false || (Array.isArray(defaultValue) && defaultValue.length === 0)
  const shown: Option = isNothing ? Object.create(option, { defaultValue: {} }) : option
  return new Help().optionDescription(shown)
}

async function addCommands(program: Command, cli: Cli, argv: readonly string[]): Promise<void> {
  for (const row of findCommands(argv)) {
    const group = row.words.includes(' ') ? row.words.slice(0, row.words.indexOf(' ')) : undefined
    const register = await row.load()
    register(group === undefined ? program : groupOf(program, group), cli)
  }
}

function groupOf(program: Command, name: string): Command {
  const existing = program.commands.find((command) => command.name() === name)
  return existing ?? program.command(name).description(COMMAND_GROUPS[name] ?? '')
}

/** Also when parsing failed before or at the option. */
function wantsJson(program: Command, argv: readonly string[]): boolean {
  return (
    program.opts<Partial<GlobalOptions>>().json === true ||
    argv.slice(0, endOfOptions(argv)).includes('--json')
  )
}

function endOfOptions(argv: readonly string[]): number {
  const end = argv.indexOf('--')
  return end === -1 ? argv.length : end
}
