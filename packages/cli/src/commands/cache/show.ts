import { describeEntry } from '@taskvault/core'
import type { EntryDescription, EntryRow } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'
import { entryToData, renderExpiry, renderMoment } from '../../render/entry.ts'
import { formatBytes, formatCount, formatDuration } from '../../render/quantities.ts'
import { renderTable } from '../../render/table.ts'
import { findEntryByPrefix } from '../find-entry.ts'

interface Options {
  readonly inputs?: boolean
}

export function registerCacheShow(parent: Command, cli: Cli): void {
  parent
    .command('show')
    .description('Show what an entry holds, and where it comes from')
    .argument('<key>', 'the key, or its first digits')
    .option('--inputs', 'also list every file that the key was made from')
    .action(cli.action((key: string, options: Options) => show(cli, key, options)))
}

async function show(cli: Cli, key: string, { inputs = false }: Options): Promise<void> {
  const vault = await cli.openVault()
  const entry = findEntryByPrefix(vault, key)
  const description = await describeEntry(vault.store, entry)
  cli.voice.answer({
    text: () =>
      [
        entry.task,
        indent(renderTable(summaryOf(entry, description, cli.host.now()))),
        'Outputs',
        indent(renderTable(outputsOf(description))),
        'Inputs',
        indent(renderTable(inputsOf(description, inputs))),
      ].join('\n'),
    data: () => ({
      ...entryToData(entry),
      blobs: [entry.blob, ...description.manifest.blobs],
      hasLog: description.hasLog,
      outputs: description.manifest.outputs.map(({ declaredAs, entry: output }) => ({
        declaredAs,
        ...output,
      })),
      fingerprint: description.fingerprint ?? null,
    }),
  })
}

function summaryOf(
  entry: EntryRow,
  { manifest }: EntryDescription,
  nowMs: number,
): readonly (readonly string[])[] {
  const { origin } = entry
  const from = [
    origin.platform,
    origin.branch === undefined ? undefined : `branch ${origin.branch}`,
    origin.commit === undefined ? undefined : `commit ${origin.commit}`,
  ]
  return [
    ['key', entry.key],
    ['created', renderMoment(entry.createdAtMs, nowMs)],
    [
      'last used',
      `${renderMoment(entry.accessedAtMs, nowMs)}, ${formatCount(entry.hits, 'hit', 'hits')}`,
    ],
    ['expires', renderExpiry(entry.expiresAtMs, nowMs)],
    ['size', `${entry.sizeBytes} bytes in ${formatCount(entry.fileCount, 'path', 'paths')}`],
    [
      'exit code',
      `${entry.exitCode}${entry.durationMs > 0 ? ` after ${formatDuration(entry.durationMs)}` : ''}`,
    ],
    ['made on', from.filter((part) => part !== undefined).join(', ')],
    ['blobs', String(manifest.blobs.length + 1)],
  ]
}

function outputsOf({ manifest, hasLog }: EntryDescription): readonly (readonly string[])[] {
  const rows = manifest.outputs.map(({ declaredAs, entry }) => [
    declaredAs === '' ? entry.name : declaredAs,
    entry.kind,
    entry.kind === 'file'
      ? formatBytes(entry.sizeBytes)
      : entry.kind === 'symlink'
        ? `to ${entry.target}`
        : '',
  ])
  return [...rows, ...(hasLog ? [['(log)', 'recorded']] : [])]
}

function inputsOf(
  { fingerprint }: EntryDescription,
  withFiles: boolean,
): readonly (readonly string[])[] {
  if (fingerprint === undefined) return [['(bytes)']]
  const { command, salt, env, tools, files, content } = fingerprint
  return [
    ...(content === undefined ? [] : [['content', content]]),
    ...(command === undefined ? [] : [['command', command]]),
    ...(salt === undefined ? [] : [['salt', salt]]),
    ...env.map(({ name, digest }) => ['variable', name, digest ?? 'not set']),
    ...tools.map(({ name, digest }) => ['tool', name, digest ?? '']),
    ...(withFiles
      ? files.map(({ relativePath, kind, digest }) => [kind, relativePath, digest])
      : [['files', String(files.length)]]),
  ]
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ')
}
