import type { Settings } from '../../config/settings.ts'
import { TaskVaultError } from '../../errors.ts'
import { divideOutputs } from '../../files/selection/output-patterns.ts'
import type { TaskDefinition, TaskName, WorkDefinition } from '../../model/task.ts'
import type { Command } from '../../process/command-line.ts'
import { exclusionOf } from './paths-from-root.ts'
import type { KeyableWork, TaskWork } from './run-contract.ts'
import { unknownTask } from './unknown-task.ts'

/** What a caller adds to the configuration's declaration of a task. */
export interface TaskAdditions {
  /** Globs relative to the project root, as in the configuration; outputs are relative to it too. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly env: readonly string[]
  readonly tools: readonly string[]
  readonly salt: string | undefined
  /**
   * Keeps a tool's cache under this name, not a task's result: only what is named here counts for the key, and no
   * command does.
   */
  readonly isCache?: boolean
  /** For a cache: save those of its paths that exist, and keep other files there when restoring it. */
  readonly isLoose?: boolean
  /** Absolute paths of files that we write for the caller, such as notes for the save. They are not inputs. */
  readonly ownFiles?: readonly string[]
  /** Replaces the configured command and its directory. */
  readonly command: { readonly line: Command; readonly directory: string } | undefined
}

export interface TaskSource {
  readonly settings: Settings
  readonly env: Readonly<Record<string, string | undefined>>
  readonly additions: TaskAdditions
}

/** Every file of the project that git does not ignore, and the outputs are not. */
const ALL_INPUTS = '?**'
const NOTHING_DECLARED: TaskDefinition = { inputs: [], outputs: [], env: [], tools: [] }

/**
 * Combines what the configuration declares for a task with what the caller adds.
 * @throws {TaskVaultError} TASK_UNKNOWN when neither the configuration nor the caller has a command;
 * ARGUMENT_INVALID when it is empty.
 */
export function createTaskWork(task: TaskName, source: TaskSource): TaskWork {
  const { command, ...work } = createKeyableWork(task, source)
  if (command === undefined) throw unknownTask(task, source)
  return { ...work, command }
}

/**
 * Like `createTaskWork`, for callers that run the task themselves: without a command, the key does not depend on what is
 * run. A task without inputs reads the whole project, because a key that depends on nothing would be a hit forever.
 * @throws {TaskVaultError} ARGUMENT_INVALID when the command is empty, as from an unset variable, or a
 * pattern among the outputs is invalid.
 */
export function createKeyableWork(
  task: TaskName,
  { settings, env, additions: given }: TaskSource,
): KeyableWork {
  const additions = leaveOutOwnFiles(given, settings.projectRoot)
  if (additions.isCache === true) {
    return { task, ...createCacheWork(additions), directory: settings.projectRoot, env }
  }
  const declared = Object.hasOwn(settings.tasks, task) ? settings.tasks[task] : undefined
  const merged = merge(declared ?? NOTHING_DECLARED, additions)
  const definition = divide(merged, settings.projectRoot)
  const { command } = additions
  if (isBlank(command?.line ?? declared?.command)) throw blankCommand(task)
  if (command !== undefined) {
    return { task, definition, command: command.line, directory: command.directory, env }
  }
  return { task, definition, command: declared?.command, directory: settings.projectRoot, env }
}

/** A cache that depends on no file does not on ours either. */
function leaveOutOwnFiles(additions: TaskAdditions, projectRoot: string): TaskAdditions {
  const { isCache = false, inputs, ownFiles = [] } = additions
  if (isCache && inputs.length === 0) return additions
  const exclusions = ownFiles.flatMap((file) => exclusionOf(file, projectRoot) ?? [])
  return { ...additions, inputs: [...inputs, ...exclusions] }
}

function createCacheWork({ command, ...additions }: TaskAdditions) {
  if (command !== undefined) {
    throw new TaskVaultError('ARGUMENT_INVALID', 'A cache has no command', {
      hint: 'Leave out either --cache or --command: only the result of a command depends on it.',
    })
  }
  const { inputs, outputs, env, tools, salt, isLoose = false } = additions
  const definition = { inputs, outputs, env, tools, ...(salt !== undefined && { salt }) }
  return { definition, command, isCache: true, isLoose }
}

function merge(declared: TaskDefinition, additions: TaskAdditions): TaskDefinition {
  const inputs = [...declared.inputs, ...additions.inputs]
  const selectsSomething = inputs.some((pattern) => !pattern.startsWith('!'))
  const salt = additions.salt ?? declared.salt
  return {
    inputs: selectsSomething ? inputs : [ALL_INPUTS, ...inputs],
    outputs: [...declared.outputs, ...additions.outputs],
    env: [...declared.env, ...additions.env],
    tools: [...declared.tools, ...additions.tools],
    ...(salt !== undefined && { salt }),
  }
}

function divide(definition: TaskDefinition, projectRoot: string): WorkDefinition {
  const { paths, patterns } = divideOutputs(definition.outputs, projectRoot)
  return patterns.length === 0
    ? { ...definition, outputs: paths }
    : { ...definition, outputs: paths, outputPatterns: patterns }
}

function isBlank(command: Command | undefined): boolean {
  if (typeof command === 'string') return command.trim() === ''
  return command !== undefined && (command[0] ?? '') === ''
}

function blankCommand(task: TaskName): TaskVaultError {
  return new TaskVaultError('ARGUMENT_INVALID', `The command of task ${task} is empty`, {
    hint: 'Is a variable unset? Name the program to run, or leave the command out.',
  })
}
