import { listSettings } from '@taskvault/core'
import type { ListedSetting, SettingSource } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'
import { renderTable } from '../../render/table.ts'

export function registerConfigShow(parent: Command, cli: Cli): void {
  parent
    .command('show')
    .description('Print every setting in force, and where its value comes from')
    .action(cli.action(() => showConfig(cli)))
}

async function showConfig(cli: Cli): Promise<void> {
  const settings = await cli.settings()
  const listed = listSettings(settings)
  cli.voice.answer({
    text: () => renderTable(listed.map(toRow)),
    data: () => ({
      projectRoot: settings.projectRoot,
      configPath: settings.configPath ?? null,
      settings: Object.fromEntries(
        listed.map(({ name, value, source }) => [name, { value, source }]),
      ),
    }),
  })
}

function toRow({ name, value, source }: ListedSetting): readonly string[] {
  return [name, typeof value === 'string' ? value : JSON.stringify(value), describeSource(source)]
}

/** `default`, `.taskvault/config.yaml:3`, or the name of a variable. */
export function describeSource(source: SettingSource): string {
  switch (source.kind) {
    case 'default':
      return 'default'
    case 'file':
      return `${source.path}:${source.line}`
    case 'environment':
      return source.name
  }
}
