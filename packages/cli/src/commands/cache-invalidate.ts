import {
  TaskVaultError,
  invalidate,
  invalidateOutdated,
  invalidateUnreachable,
  parseTaskName,
} from '@taskvault/core'
import type { Vault } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { formatCount } from '../render/quantities.ts'
import { findEntryByPrefix } from './find-entry.ts'

interface Options {
  readonly key?: string
  readonly since?: string
  readonly unreachable?: true
}

export function registerCacheInvalidate(parent: Command, cli: Cli): void {
  parent
    .command('invalidate')
    .description('Remove all entries of a task, one by its key, or those of outdated commits')
    .argument('[task]', 'name of the task')
    .option('-k, --key <key>', 'the entry with this key')
    .option(
      '--since <commit>',
      'entries that were written from a commit before this one, or from one that is no ancestor of HEAD',
    )
    .option(
      '--unreachable',
      'entries that were written from a commit that no branch, tag or HEAD leads to any more',
    )
    .action(cli.action((task: string | undefined, options: Options) => run(cli, task, options)))
}

async function run(cli: Cli, task: string | undefined, options: Options): Promise<void> {
  const named = [task, options.key, options.since, options.unreachable].filter(
    (each) => each !== undefined,
  )
  if (named.length !== 1) {
    throw new TaskVaultError(
      'ARGUMENT_INVALID',
      'Name exactly one of: a task, --key, --since, --unreachable',
      {
        hint: 'For example `taskvault cache invalidate unit_tests`.',
      },
    )
  }
  const vault = await cli.openVault()
  const removed = await removeSelected(cli, vault, { task, ...options })
  cli.voice.confirm({
    text: () =>
      `${cli.voice.style('green', '✓')} Invalidated ${formatCount(removed, 'entry', 'entries')}`,
    data: () => ({ removed }),
  })
}

type Selection = Options & { readonly task: string | undefined }

async function removeSelected(
  cli: Cli,
  vault: Vault,
  { task, key, since, unreachable }: Selection,
): Promise<number> {
  const { store, settings } = vault
  if (task !== undefined) return invalidate(store, { task: parseTaskName(task) })
  if (key !== undefined) return invalidate(store, { key: findEntryByPrefix(vault, key).key })
  const place = { projectRoot: settings.projectRoot, env: cli.host.env }
  if (unreachable === true) return await invalidateUnreachable(store, place)
  return invalidateOutdated(store, since ?? '', place)
}
