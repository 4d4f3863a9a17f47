import {
  TaskVaultError,
  findEntriesByPrefix,
  invalidate,
  invalidateOutdated,
  invalidateUnreachable,
  isDigest,
  parseTaskName,
} from '@taskvault/core'
import type { TaskKey, Vault } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'
import { formatCount } from '../../render/quantities.ts'
import { findEntryByPrefix } from '../find-entry.ts'
import { openServerOf } from '../open-server-of.ts'
import { remindOfRemote } from '../remind-of-remote.ts'
import { suggestTask } from '../suggest-task.ts'

interface Options {
  readonly key?: string
  readonly since?: string
  readonly unreachable?: true
  readonly remote?: true
}

export function registerCacheInvalidate(parent: Command, cli: Cli): void {
  parent
    .command('invalidate')
    .description(
      'Remove all entries of a task, a single one by its key, or those of outdated commits',
    )
    .argument('[task]', 'task name')
    .option('-k, --key <key>', 'the entry with this key')
    .option(
      '--since <commit>',
      'entries written from a commit before this one, or from one that is not an ancestor of HEAD',
    )
    .option(
      '--unreachable',
      'entries written from a commit that no branch, tag or HEAD leads to any more',
    )
    .option('--remote', "also from the server, which requires an administrator's key")
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
  // First: when the server refuses, nothing has changed.
  const removedRemotely =
    options.remote === true ? await removeRemotely(cli, vault, { task, ...options }) : undefined
  const removed = await removeSelected(cli, vault, { task, ...options })
  cli.voice.confirm({
    text: () =>
      [
        `${cli.voice.style('green', '✓')} Invalidated ${formatCount(removed, 'entry', 'entries')}`,
        ...(removedRemotely === undefined ? [] : [`and ${removedRemotely} on the server`]),
      ].join(', '),
    data: () => ({ removed, ...(removedRemotely !== undefined && { removedRemotely }) }),
  })
  if (task !== undefined && removed + (removedRemotely ?? 0) === 0) suggestTask(cli, vault, task)
  const isKnownThere = task !== undefined || options.key !== undefined
  if (removedRemotely === undefined)
    await remindOfRemote(cli, isKnownThere ? '`--remote` also removes it from a server.' : '')
}

type Selection = Options & { readonly task: string | undefined }

/** @throws {TaskVaultError} ARGUMENT_INVALID for commits: which one came before another, only git knows. */
async function removeRemotely(cli: Cli, vault: Vault, { task, key }: Selection): Promise<number> {
  if (task === undefined && key === undefined) {
    throw new TaskVaultError('ARGUMENT_INVALID', 'A server does not know commits', {
      hint: 'Name a task or a key together with --remote.',
    })
  }
  const what =
    key === undefined
      ? { task: parseTaskName(task ?? '') }
      : { keyPrefix: findKey(vault, { key, remote: true }) }
  return await (await openServerOf(cli)).invalidate(what)
}

async function removeSelected(
  cli: Cli,
  vault: Vault,
  { task, key, since, unreachable, remote }: Selection,
): Promise<number> {
  const { store, settings } = vault
  if (task !== undefined) return invalidate(store, { task: parseTaskName(task) })
  if (key !== undefined) return invalidate(store, { key: findKey(vault, { key, remote }) })
  const place = { projectRoot: settings.projectRoot, env: cli.host.env }
  if (unreachable === true) return await invalidateUnreachable(store, place)
  return invalidateOutdated(store, since ?? '', place)
}

/** By a whole key the server is asked also where this machine has no entry of it, or none any more. */
function findKey(
  vault: Vault,
  { key, remote }: { readonly key: string; readonly remote: true | undefined },
): TaskKey {
  if (remote !== true || !isDigest(key)) return findEntryByPrefix(vault, key).key
  return findEntriesByPrefix(vault.store, key, 1)[0]?.key ?? key
}
