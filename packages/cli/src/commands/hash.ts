import { existsSync } from 'node:fs'
import path from 'node:path'
import {
  createMemoryStatCache,
  hashPath,
  hashStream,
  openHashAlgorithm,
  openStream,
} from '@taskvault/core'
import type { ScanContext } from '@taskvault/core'
import type { Command } from 'commander'
import { resolvePathArgument } from '../arguments/path-argument.ts'
import type { Cli } from '../cli.ts'
import { onOneLine } from '../render/one-line.ts'

export function registerHash(parent: Command, cli: Cli): void {
  parent
    .command('hash')
    .description('Print the digest of files and directories, as TaskVault sees them')
    .argument('<path...>', 'files, directories, pipes, or - for standard input')
    .action(cli.action((paths: string[]) => printDigests(cli, paths)))
}

async function printDigests(cli: Cli, paths: readonly string[]): Promise<void> {
  const context = await openContext(cli)
  const { algorithm } = context
  for (const given of paths) {
    const absolutePath = resolvePathArgument(given, cli.cwd)
    const stream = openStream(absolutePath, () => cli.stdin)
    const digest =
      stream === undefined ? hashPath(absolutePath, context) : await hashStream(stream, algorithm)
    // One at a time: what was done before a path that cannot be read is not lost.
    cli.voice.answer({
      text: () => `${digest}  ${onOneLine(given)}`,
      data: () => ({ path: given, digest, algorithm: algorithm.name }),
    })
  }
}

/** With what the project's vault remembers; where no project was set up, asking makes no vault. */
async function openContext(cli: Cli): Promise<ScanContext> {
  const settings = await cli.settings()
  const now = Date.now
  const isSetUp = settings.configPath !== undefined
  if (isSetUp || existsSync(path.join(settings.cacheDirectory, 'cache.db'))) {
    const { algorithm, statCache } = await cli.openVault()
    return { algorithm, statCache, now }
  }
  const algorithm = await openHashAlgorithm(settings.hashAlgorithm)
  return { algorithm, statCache: createMemoryStatCache(), now }
}
