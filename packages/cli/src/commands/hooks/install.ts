import { GIT_HOOKS, installHooks, isTaskVaultError } from '@taskvault/core'
import type {
  GitHook,
  HooksView,
  Installation,
  InstallMethod,
  InstallRequest,
} from '@taskvault/core'
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import packageFile from '../../../package.json' with { type: 'json' }
import type { Cli } from '../../cli.ts'
import { hasHookTasks, hookToData, joinWords } from '../../render/hook-lines.ts'

interface Options {
  readonly hook?: readonly GitHook[]
  readonly method: InstallMethod | 'auto'
  readonly shared?: boolean
  readonly force?: boolean
  readonly ifPossible?: boolean
}

export function registerHooksInstall(parent: Command, cli: Cli): void {
  parent
    .command('install')
    .description('Make git run the tasks of this project; existing hooks are kept, and run first')
    .option(
      '--hook <name>',
      `only this one, instead of ${joinWords(GIT_HOOKS)}; repeatable`,
      collectHooks,
    )
    .addOption(
      new Option('--method <method>', 'as files, or in the configuration (git 2.54 or later)')
        .choices(['auto', 'files', 'config'])
        .default('auto'),
    )
    .option(
      '--shared',
      'also into a directory whose hooks others run: one in the work tree, or a global one',
    )
    .option('--force', 'replace hooks of ours that were edited by hand')
    .option(
      '--if-possible',
      'succeed without hooks in CI, and where there is no git, no repository or no place for them',
    )
    .action(cli.action((options: Options) => install(cli, options)))
}

async function install(cli: Cli, options: Options): Promise<void> {
  const { projectRoot, tasks } = await cli.settings()
  const { method, hook: hooks = GIT_HOOKS } = options
  const installation = await tryInstall(cli, options, {
    cwd: cli.cwd,
    env: cli.host.env,
    projectRoot,
    wishes: {
      hooks,
      method: method === 'auto' ? undefined : method,
      mayShare: options.shared === true,
      discardEdits: options.force === true,
      version: packageFile.version,
      command: cli.host.launcher,
    },
  })
  if (installation === undefined) return
  const { isChanged, plan, view } = installation
  cli.voice.confirm({
    text: () => renderInstallation(cli, { installation, hooks }),
    data: () => ({
      changed: isChanged,
      method: plan.method,
      chained: plan.chained,
      hooks: hooks.map((hook) => hookToData(view, hook)),
      remarks: plan.remarks,
    }),
  })
  if (!isChanged) return
  for (const remark of plan.remarks) cli.voice.remark(remark)
  if (hasHookTasks(tasks)) return
  cli.voice.remark(
    'No task runs in a hook yet. Add `hooks: [pre-commit]` to a task in .taskvault/config.yaml.',
  )
}

/** For scripts that package managers run after installing, also where nobody will ever commit. */
async function tryInstall(
  cli: Cli,
  { ifPossible = false }: Options,
  request: InstallRequest,
): Promise<Installation | undefined> {
  if (ifPossible && isCi(cli.host.env)) {
    tellNothingDone(cli, { code: 'CI', message: 'in CI, nobody commits by hand' })
    return undefined
  }
  try {
    return await installHooks(request)
  } catch (error) {
    if (!ifPossible || !isTaskVaultError(error, 'GIT_FAILED', 'HOOKS_REFUSED')) throw error
    tellNothingDone(cli, error)
    return undefined
  }
}

function isCi({ CI = '' }: Cli['host']['env']): boolean {
  return !['', '0', 'false'].includes(CI)
}

function tellNothingDone(
  cli: Cli,
  { code, message }: { readonly code: string; readonly message: string },
): void {
  cli.voice.confirm({
    text: () => `No hooks installed: ${message}`,
    data: () => ({ changed: false, because: { code, message } }),
  })
}

function renderInstallation(
  cli: Cli,
  given: { readonly installation: Installation; readonly hooks: readonly GitHook[] },
): string {
  const { isChanged, plan, view } = given.installation
  const verb = isChanged ? 'Installed' : 'Installed already:'
  return `${cli.voice.style('green', '✓')} ${verb} ${joinWords(given.hooks)} in ${placeOf(plan.method, view)}`
}

function placeOf(method: InstallMethod, view: HooksView): string {
  return method === 'config' ? view.configuration.path : view.directory.absolutePath
}

function collectHooks(text: string, previous: readonly GitHook[] = []): readonly GitHook[] {
  const hook = GIT_HOOKS.find((name) => name === text)
  if (hook === undefined)
    throw new InvalidArgumentError(`Allowed choices are ${GIT_HOOKS.join(', ')}.`)
  return GIT_HOOKS.filter((name) => name === hook || previous.includes(name))
}
