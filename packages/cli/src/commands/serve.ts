import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { asTaskVaultError } from '@taskvault/core'
import type { RunningServer } from '@taskvault/server'
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'

interface Options {
  readonly host?: string
  readonly port?: number
  readonly data?: string
}

/** Where a server listens when nobody says anything, and a configuration of its own is given. */
const DEFAULT_PORT = 9999

export function registerServe(parent: Command, cli: Cli): void {
  parent
    .command('serve')
    .description('Serve the vault to a team over HTTP, until it is stopped')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)', parseSomething)
    .option('--port <number>', 'port to listen on; 0: any free port (default: 9999)', parsePort)
    .option(
      '--data <directory>',
      'where to store everything (default: ~/.local/share/taskvault/server)',
      parseSomething,
    )
    .addHelpText(
      'after',
      "\nHere, --config names the server's own configuration; docs/server.md describes it.",
    )
    .action(cli.action((options: Options) => serve(cli, options), { leavesSignals: true }))
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('Use a number from 0 to 65535.')
}

/** An address of nothing would be every address of the machine. */
function parseSomething(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It is empty: is a variable unset?')
}

async function serve(cli: Cli, { host, port, data }: Options): Promise<void> {
  // Loaded here: no other command needs it, and it is larger than all of them.
  const { createLogger, loadServerSettings, startServer } = await import('@taskvault/server')
  const { config: configPath } = cli.options
  const { env, now, stderr } = cli.host
  const settings = await loadServerSettings({
    cwd: cli.cwd,
    env,
    configPath,
    host,
    port,
    dataDirectory: data,
    defaultPort: configPath === undefined ? (await cli.settings()).servicePort : DEFAULT_PORT,
  })
  const logger = createLogger(settings.logLevel, { write: (line) => void stderr.write(line) })
  const stopped = nextStopSignal(cli)
  const server = await startServer({ settings, logger, env, now })
  announce(cli, server, settings.dataDirectory)
  await stopped
  await server.close()
}

/** Only the first: a second one ends the process at once, whatever is still running. */
async function nextStopSignal({ host }: Cli): Promise<void> {
  await new Promise<void>((resolve) => {
    const stopListening = host.onStopSignal(() => {
      stopListening()
      resolve()
    })
  })
}

function announce(
  { host, voice }: Cli,
  { url, adminKey }: RunningServer,
  dataDirectory: string,
): void {
  if (adminKey === undefined) return voice.answer({ text: () => url, data: () => ({ url }) })
  if (host.isJournalled !== true) {
    return voice.answer({
      text: () => `${url}\nAPI key of the administrator, shown only this once: ${adminKey}`,
      data: () => ({ url, adminKey }),
    })
  }
  const adminKeyFile = keepKey(dataDirectory, adminKey)
  voice.answer({
    text: () =>
      `${url}\nThe API key of the administrator is only in ${adminKeyFile}: take it from there, and remove the file`,
    data: () => ({ url, adminKeyFile }),
  })
}

/** For nobody but the server's user. A file of an earlier first key, which is not valid any more, makes way. */
function keepKey(dataDirectory: string, adminKey: string): string {
  const file = path.join(dataDirectory, 'admin-key')
  try {
    rmSync(file, { force: true })
    writeFileSync(file, `${adminKey}\n`, { flag: 'wx', mode: 0o600, flush: true })
    return file
  } catch (error) {
    throw asTaskVaultError(error, `write ${file}`)
  }
}
