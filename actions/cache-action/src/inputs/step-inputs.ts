import path from 'node:path'
import { TaskVaultError, parseTaskName } from '@taskvault/core'
import type { Command, ResolvedPolicy, TaskAdditions, TaskName } from '@taskvault/core'
import type { Runner } from '../runner.ts'
import { readKeyedInputs } from './keyed-inputs.ts'
import type { KeyedInputs } from './keyed-inputs.ts'
import { checkOnlyWithoutRun } from './only-without-run.ts'
import { readPolicyInputs } from './policy-inputs.ts'

/** What a step asks for. */
export interface StepInputs {
  readonly task: TaskName
  /** What is put back, and saved. */
  readonly paths: readonly string[]
  readonly additions: Omit<TaskAdditions, 'outputs' | 'command' | 'isCache'>
  /** Undefined: the steps that follow do the work. */
  readonly command: StepCommand | undefined
  /** Where a script runs, and what its paths are relative to; absolute. */
  readonly directory: string
  /** Undefined: the key is the digest of what the work reads. */
  readonly keyed: KeyedInputs | undefined
  /** What goes before the policies of the configuration. */
  readonly policy: Partial<ResolvedPolicy>
  readonly isReadOnly: boolean
  readonly looksOnly: boolean
  /** Whether what was put back is saved again, should the steps change it. */
  readonly updates: boolean
  /** Whether what the job has made is kept although it failed. */
  readonly savesAlways: boolean
  readonly failsOnMiss: boolean
  readonly failsOnSaveError: boolean
  readonly takesNewest: boolean
}

export type StepCommand =
  | { readonly kind: 'script'; readonly line: Command }
  /** What the configuration says for the task. */
  | { readonly kind: 'declared' }

/** The task of a step that has only a key. */
const KEYED = 'actions-cache'
const MAY_HAVE_NO_INPUTS = 'Name the files that it depends on under inputs, or give a key.'

/**
 * Reads the step's inputs.
 * @param mayRun whether the step can do the work, and not only half of what is around it.
 * @throws {TaskVaultError} ARGUMENT_INVALID, TASK_NAME_INVALID: the workflow is wrong.
 */
export function readStepInputs(
  runner: Runner,
  { mayRun }: { readonly mayRun: boolean },
): StepInputs {
  const { input, inputLines, inputFlag, saysTrue } = runner
  const key = input('key')
  const run = input('run')
  const inputs = inputLines('inputs')
  const paths = inputLines('path')
  const isDeclared = mayRun && `${key}${run}` === '' && paths.length === 0
  const runs = isDeclared || run !== ''
  if (runs) checkOnlyWithoutRun(runner)
  const keyed = readKeyedInputs(runner)
  if (key === '' && !runs && inputs.length === 0)
    throw invalid('Nothing says when the work has to be done again', MAY_HAVE_NO_INPUTS)
  if (!runs && paths.length === 0)
    throw invalid(
      'Input required and not supplied: path',
      'Name the files and directories to keep.',
    )
  return {
    task: readTask({ task: input('task'), isKeyed: key !== '' }),
    paths,
    additions: {
      inputs,
      env: inputLines('env'),
      tools: inputLines('tools'),
      salt: readSalt(keyed === undefined ? key : '', input('salt')),
    },
    command: isDeclared ? { kind: 'declared' } : run === '' ? undefined : readCommand(runner, run),
    directory: path.resolve(runner.env['GITHUB_WORKSPACE'] ?? '.', input('working-directory')),
    keyed,
    policy: readPolicyInputs(runner),
    savesAlways: saysTrue('save-always'),
    looksOnly: saysTrue('lookup-only'),
    updates: inputFlag('update'),
    isReadOnly: inputFlag('read-only') || isNo(input('save-if')),
    failsOnMiss: saysTrue('fail-on-cache-miss'),
    failsOnSaveError: inputFlag('fail-on-save-error'),
    takesNewest: inputFlag('fallback'),
  }
}

/** Of a step that has both, either one that changes makes another key. */
function readSalt(key: string, salt: string): string | undefined {
  if (key === '') return salt === '' ? undefined : salt
  return salt === '' ? key : `${key}\n${salt}`
}

function readTask({ task, isKeyed }: { readonly task: string; readonly isKeyed: boolean }) {
  if (task !== '') return parseTaskName(task)
  if (isKeyed) return parseTaskName(KEYED)
  throw invalid('task is empty', 'Give the work a name that stays the same, such as unit-tests.')
}

function readCommand({ env, input }: Runner, run: string): StepCommand {
  const shell = input('shell')
  return { kind: 'script', line: shell === '' ? asLine(run, env) : withShell(run, shell) }
}

/**
 * The line that `taskvault run --command` takes, so that the work has the same key everywhere. The
 * lines of a script end with the first that fails.
 */
function asLine(run: string, env: Runner['env']): string {
  if (!run.includes('\n') || run.startsWith('set -e')) return run
  if (env['RUNNER_OS'] !== 'Windows') return `set -e\n${run}`
  throw invalid('run has several lines, but cmd takes only one', 'Say which shell: bash or pwsh.')
}

/** As `run:` steps have it: what fails ends the script. */
function withShell(run: string, shell: string): Command {
  if (shell === 'sh') return ['sh', '-e', '-c', run]
  if (shell === 'bash') return ['bash', '--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', run]
  if (shell === 'pwsh' || shell === 'powershell')
    return [
      shell,
      '-NoProfile',
      '-NonInteractive',
      '-Command',
      `$ErrorActionPreference='stop'; ${run}`,
    ]
  throw invalid(`shell is ${JSON.stringify(shell)}`, 'Write bash, sh, pwsh or powershell.')
}

/** With the words that older YAML took for false, and GitHub passes on as they are. */
function isNo(text: string): boolean {
  return /^(false|no|off|0)$/i.test(text)
}

function invalid(message: string, hint: string): TaskVaultError {
  return new TaskVaultError('ARGUMENT_INVALID', message, { hint })
}
