import type { LoadedSettings, LogLevel, Report, StopSignals, Vault } from '@taskvault/core'
import { createStopSignals } from '@taskvault/core/stop-signals'
import type { Command } from 'commander'
import { EXIT } from './exit-codes.ts'
import type { Host } from './host.ts'
import { limitMemoryOfLargeWork } from './limit-memory-of-large-work.ts'
import { wantsColour } from './render/colours.ts'
import { createProgress } from './render/progress.ts'
import type { Progress } from './render/progress.ts'
import { createVoice } from './render/voice.ts'
import type { Voice } from './render/voice.ts'
import { resolveCwd } from './resolve-cwd.ts'

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly config: string | undefined
  readonly cwd: string | undefined
}

/** What a command works with. Nothing is opened before it is asked for. */
export interface Cli {
  readonly host: Host
  /** The words of the command line, as they were typed. */
  readonly argv: readonly string[]
  readonly options: GlobalOptions
  /** Relative paths on the command line are relative to this directory; absolute. */
  readonly cwd: string
  /** Standard input, which a signal that ends the command closes. */
  readonly stdin: Host['stdin']
  /** Where results, remarks and warnings go, in the form that was asked for. */
  readonly voice: Voice
  /** Shows a bar for work that takes long. */
  readonly progress: Progress
  /** Reads the events of work under way: shows its progress, and limits memory where there is much to do. */
  readonly follow: Report
  readonly signals: Pick<StopSignals, 'stopped' | 'ofCommand'>
  settings(): Promise<LoadedSettings>
  /**
   * The vault of this project. Closed when the command ends, also by a signal. `report` replaces
   * the reader of its events.
   */
  openVault(report?: Report): Promise<Vault>
  /**
   * Closes `resource` when the command ends; also when a signal ends it, so that what was staged
   * does not stay behind.
   */
  closeAtEnd<Resource extends AsyncDisposable>(resource: Resource): Resource
  /** Makes a commander action of `work`, which returns the exit code, or nothing for 0. */
  action<Arguments extends unknown[]>(
    work: Work<Arguments>,
    options?: ActionOptions,
  ): (...args: Arguments) => Promise<void>
}

export type Work<Arguments extends unknown[]> = (...args: Arguments) => Promise<number | void>

export interface ActionOptions {
  /**
   * Stop signals are not listened for here: the command does so itself, or has nothing to put in order. Who never
   * waits for anything would hear of a signal when all is done; without a listener, it ends the process at once.
   */
  readonly leavesSignals?: boolean
}

/** A Cli, and what only `main` may do with it. */
export interface OwnedCli extends Cli {
  /** The exit code of the action that ran; 0 when none did. */
  readonly exitCode: number
  /** Closes all that the command opened, last opened first. */
  close(): Promise<void>
}

/** Ties a parsed command line to its host. `program` must have the global options. */
export function createCli(program: Command, host: Host, argv: readonly string[]): OwnedCli {
  const atEnd = new AsyncDisposableStack()
  let exitCode = EXIT.ok
  let settings: Promise<LoadedSettings> | undefined
  let cwd: string | undefined
  let stdin: Host['stdin'] | undefined
  let voice: Voice | undefined
  let progress: Progress | undefined
  const limitMemory = limitMemoryOfLargeWork(host)
  const signals = createStopSignals(host.onStopSignal)

  const cli: OwnedCli = {
    host,
    argv,
    signals,
    get options() {
      const {
        json = false,
        quiet = false,
        config,
        cwd: directory,
      } = program.opts<Partial<GlobalOptions>>()
      return { json, quiet, config, cwd: directory }
    },
    get cwd() {
      cwd ??= resolveCwd(host, cli.options.cwd)
      return cwd
    },
    get voice() {
      voice ??= createVoice(host, {
        ...cli.options,
        hasColour: wantsColour(host.env, host.stdout),
        stopped: signals.stopped,
      })
      return voice
    },
    get progress() {
      progress ??= createProgress(host, { isEnabled: !cli.options.quiet && !cli.options.json })
      return progress
    },
    follow: (event) => {
      limitMemory(event)
      if (!signals.stopped.aborted) cli.progress.read(event)
    },
    get exitCode() {
      return exitCode
    },
    settings: () => (settings ??= loadSettingsOf(cli)),
    openVault: async (given) => {
      const { openVault } = await import('@taskvault/core')
      const loaded = await cli.settings()
      const report = given ?? (await createReport(cli, loaded.logLevel))
      const { now, endsProcess = false } = host
      return cli.closeAtEnd(
        await openVault({ settings: loaded, report, now, endsProcess, env: host.env }),
      )
    },
    get stdin() {
      stdin ??= openStdin(host, atEnd)
      return stdin
    },
    closeAtEnd: (resource) => {
      if (!atEnd.disposed) return atEnd.use(resource)
      // It came while a signal was ending us. What it needs may be closed already; nobody is told.
      resource[Symbol.asyncDispose]().then(undefined, () => undefined)
      throw new Error('the command was stopped')
    },
    action:
      (work, options = {}) =>
      async (...args) => {
        const running = work(...args)
        const result =
          options.leavesSignals === true
            ? await running
            : await signals.untilStopped(running, cli.close)
        exitCode = result ?? EXIT.ok
      },
    close: async () => {
      progress?.end()
      await atEnd.disposeAsync()
    },
  }
  return cli
}

/** Draws progress, and writes down what `log_level` asks for. */
async function createReport(cli: Cli, setting: LogLevel): Promise<Report> {
  const { describeEvent, isLogged } = await import('./render/event-log.ts')
  return (event) => {
    cli.follow(event)
    const logged = describeEvent(event)
    if (logged === undefined || !isLogged(logged.level, setting)) return
    cli.progress.end()
    cli.voice.warn(logged.text)
  }
}

/** Work that waits for input must not wait for ever once it is stopped. */
function openStdin({ stdin }: Host, atEnd: AsyncDisposableStack): Host['stdin'] {
  if (!atEnd.disposed) atEnd.defer(() => void stdin.destroy())
  return stdin
}

async function loadSettingsOf({ cwd, options, host }: Cli): Promise<LoadedSettings> {
  const { loadSettings, openConfigMemory } = await import('@taskvault/core')
  const { env, configMemory } = host
  const memory = configMemory && openConfigMemory(configMemory)
  return await loadSettings({ cwd, configPath: options.config, env, memory })
}
