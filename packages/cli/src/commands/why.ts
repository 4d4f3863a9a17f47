import { TaskVaultError } from '@taskvault/core'
import type { EntryHistory, ServerAdministration } from '@taskvault/core'
import type { Command } from 'commander'
import { parseCount } from '../arguments/option-values.ts'
import type { Cli } from '../cli.ts'
import { renderHistory } from '../render/entry-history.ts'
import { openServerOf } from './open-server-of.ts'

interface Options {
  readonly depth: number
}

const DEFAULT_DEPTH = 5

export function registerWhy(parent: Command, cli: Cli): void {
  parent
    .command('why')
    .description('Ask the server who wrote an entry, and what their job had restored before')
    .argument('<entry>', 'id of the entry, or the first digits of its key')
    .option('--depth <n>', 'how many steps back', parseCount, DEFAULT_DEPTH)
    .action(cli.action((entry: string, options: Options) => why(cli, entry, options)))
}

async function why(cli: Cli, entry: string, { depth }: Options): Promise<void> {
  const server = await openServerOf(cli)
  const history = await findHistory(server, entry)
  cli.voice.answer({
    text: () => renderHistory(history, { depth, nowMs: cli.host.now() }),
    data: () => history,
  })
}

async function findHistory(server: ServerAdministration, entry: string): Promise<EntryHistory> {
  const named = await server.explainEntry(entry)
  if (named !== undefined) return named
  const isDigits = /^[0-9a-f]{4,128}$/.test(entry)
  const ids = isDigits ? await server.findEntries(entry, 2) : []
  const [id, another] = ids
  if (another !== undefined) {
    throw new TaskVaultError(
      'ARGUMENT_INVALID',
      `Several entries have a key that begins with ${entry}`,
      {
        hint: `Name one by its id: ${ids.join(', ')}${ids.length === 2 ? ', …' : ''}`,
      },
    )
  }
  const found = id === undefined ? undefined : await server.explainEntry(id)
  if (found !== undefined) return found
  throw new TaskVaultError(
    'ENTRY_NOT_FOUND',
    `The server shows no entry ${JSON.stringify(entry)}`,
    { hint: 'Give an id of the server, or at least 4 digits of a key that this caller may read.' },
  )
}
