import {
  POLICY_KEYS,
  detectWorkplace,
  explainPolicy,
  parseTaskName,
  policySettingPath,
} from '@taskvault/core'
import type { ExplainedField, LoadedSettings } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'
import { renderTable } from '../../render/table.ts'
import { describeSource } from '../config/show.ts'

interface Options {
  readonly branch?: string
}

export function registerPolicyExplain(parent: Command, cli: Cli): void {
  parent
    .command('explain')
    .description('Print the policy that applies to a task, and which line says so')
    .argument('<task>', 'task name')
    .option('-b, --branch <name>', 'as if on this branch (default: the current one)')
    .action(cli.action((task: string, options: Options) => explain(cli, task, options)))
}

async function explain(cli: Cli, taskText: string, options: Options): Promise<void> {
  const task = parseTaskName(taskText)
  const settings = await cli.settings()
  const { origin, subject } = detectWorkplace({
    projectRoot: settings.projectRoot,
    env: cli.host.env,
  })
  const branch = options.branch ?? origin.branch
  const fields = explainPolicy(settings, { ...subject, task, branch })
  cli.voice.answer({
    text: () =>
      [
        `Policy for ${task} ${branch === undefined ? 'on no branch' : `on branch ${branch}`}`,
        renderTable(fields.map((field) => toRow(field, settings))).replace(/^/gm, '  '),
      ].join('\n'),
    data: () => ({
      task,
      branch: branch ?? null,
      fields: Object.fromEntries(fields.map((field) => [keyOf(field), toData(field, settings)])),
    }),
  })
}

function toRow(field: ExplainedField, settings: LoadedSettings): readonly string[] {
  const { from, value } = field
  if (from.section === 'built-in') return [keyOf(field), String(value), builtInOf(from.name)]
  return [
    keyOf(field),
    String(value),
    `${from.section}.${from.name} (${from.by})`,
    placeOf(field, settings),
  ]
}

function builtInOf(name: string): string {
  return name === 'fork' ? 'built in, for changes from forks' : 'built in'
}

function toData(field: ExplainedField, settings: LoadedSettings): unknown {
  const { section, name, by } = field.from
  if (section === 'built-in') return { value: field.value, section, name }
  return { value: field.value, section, name, by, from: placeOf(field, settings) }
}

/** The field's name in the file. */
function keyOf({ field }: ExplainedField): string {
  return POLICY_KEYS[field]
}

function placeOf({ from, field }: ExplainedField, settings: LoadedSettings): string {
  if (from.section === 'built-in') return 'built in'
  const source = settings.sources.get(policySettingPath(from.section, from.name, field))
  return describeSource(source ?? { kind: 'default' })
}
