import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CONFIG_PATH, INITIAL_CONFIG, asTaskVaultError, ensureDirectory } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'

/** What git should not see of `.taskvault`: everything but the configuration. */
const IGNORED = '/cache/\n/metrics/\n'

export function registerInit(parent: Command, cli: Cli): void {
  parent
    .command('init')
    .description(
      `Create ${CONFIG_PATH} with the documented defaults; an existing one is left alone`,
    )
    .action(cli.action(() => createConfig(cli)))
}

async function createConfig(cli: Cli): Promise<void> {
  const target = path.join(cli.cwd, CONFIG_PATH)
  const isNew = writeIfAbsent(target, INITIAL_CONFIG)
  writeIfAbsent(path.join(path.dirname(target), '.gitignore'), IGNORED)
  const text = isNew ? `Created ${CONFIG_PATH}` : `${CONFIG_PATH} already exists`
  cli.voice.confirm({
    text: () => `${cli.voice.style('green', '✓')} ${text}`,
    data: () => ({ path: target, created: isNew }),
  })
}

/** Returns false when the file is there; it is then unchanged. */
function writeIfAbsent(absolutePath: string, content: string): boolean {
  if (existsSync(absolutePath)) return false
  try {
    ensureDirectory(path.dirname(absolutePath))
    writeWhole(absolutePath, content)
    return true
  } catch (error) {
    throw asTaskVaultError(error, `create ${absolutePath}`)
  }
}

function writeWhole(absolutePath: string, content: string): void {
  // Exclusive: of two that start at once, one creates the file and the other fails to.
  const file = openSync(absolutePath, 'wx')
  try {
    writeFileSync(file, content)
  } catch (error) {
    // On a full disk, half of it would be taken for all of it the next time.
    rmSync(absolutePath, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
}
