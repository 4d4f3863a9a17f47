import { findNearestName, settingVariableNames } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../../cli.ts'

export function registerConfigValidate(parent: Command, cli: Cli): void {
  parent
    .command('validate')
    .description('Check the configuration file and the TASKVAULT_ variables')
    .action(cli.action(() => validateConfig(cli)))
}

async function validateConfig(cli: Cli): Promise<void> {
  const { configPath, tasks, policies } = await cli.settings()
  const warnings = findUnknownVariables(cli.host.env)
  for (const warning of warnings) cli.voice.warn(`warning: ${warning}`)
  const subject = configPath ?? 'No configuration file; the defaults'
  cli.voice.confirm({
    text: () =>
      `${cli.voice.style('green', '✓')} ${subject} ${configPath === undefined ? 'are' : 'is'} valid`,
    data: () => ({
      valid: true,
      configPath: configPath ?? null,
      tasks: Object.keys(tasks),
      policies: Object.keys(policies),
      warnings,
    }),
  })
}

/** Variables that are nearly called like a setting's, which a typing error would make. */
function findUnknownVariables(env: Cli['host']['env']): readonly string[] {
  const known = settingVariableNames()
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith('TASKVAULT_') || known.includes(name)) return []
    const nearest = findNearestName(name, known)
    return nearest === undefined ? [] : [`${name} is not a setting; did you mean ${nearest}?`]
  })
}
