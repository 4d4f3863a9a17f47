import { existsSync } from 'node:fs'
import path from 'node:path'
import { GIT_HOOKS, examineHooks, isOurs, observeHooks } from '@taskvault/core'
import type { HookFinding } from '@taskvault/core'
import type { Command } from 'commander'
import packageFile from '../../../package.json' with { type: 'json' }
import type { Cli } from '../../cli.ts'
import { EXIT } from '../../exit-codes.ts'
import { hasHookTasks, joinWords } from '../../render/hook-lines.ts'

export function registerHooksDoctor(parent: Command, cli: Cli): void {
  parent
    .command('doctor')
    .description('Find what keeps hooks from running, and say what to do about it')
    .action(cli.action(() => examine(cli)))
}

async function examine(cli: Cli): Promise<number> {
  const view = observeHooks(cli.cwd, cli.host.env)
  const { tasks } = await cli.settings()
  const findings = examineHooks(view, {
    version: packageFile.version,
    exists: existsSync,
    searchPath: (cli.host.env['PATH'] ?? '').split(path.delimiter),
    hasTasks: hasHookTasks(tasks),
  })
  const isHealthy = !findings.some(({ isSerious }) => isSerious)
  cli.voice.answer({
    text: () =>
      findings.length === 0
        ? `${cli.voice.style('green', '✓')} ${joinWords(GIT_HOOKS.filter((hook) => isOurs(view, hook)))} will run`
        : findings.map((finding) => renderFinding(cli, finding)).join('\n'),
    data: () => ({
      healthy: isHealthy,
      findings: findings.map(({ isSerious, hook, ...finding }) => ({
        ...finding,
        hook: hook ?? null,
        serious: isSerious,
      })),
    }),
  })
  return isHealthy ? EXIT.ok : EXIT.miss
}

function renderFinding(cli: Cli, { isSerious, message, hint }: HookFinding): string {
  const mark = isSerious ? cli.voice.style('red', '✗') : cli.voice.style('yellow', '!')
  return `${mark} ${message}\n${hint.replace(/^/gm, '  ')}`
}
