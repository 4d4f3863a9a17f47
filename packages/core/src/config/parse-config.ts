import { isTaskVaultError } from '../errors.ts'
import { isSoundOutput } from '../files/selection/output-patterns.ts'
import { hashAlgorithmNames } from '../hashing/open-hash-algorithm.ts'
import { isVariableName } from '../model/is-variable-name.ts'
import {
  EVICTION_STRATEGIES,
  HOOK_MODES,
  LONGEST_TTL_SECONDS,
  PASSES_OF,
  UNSTAGED_HANDLINGS,
} from '../model/policy.ts'
import type { PolicyFields } from '../model/policy.ts'
import { GIT_HOOKS, parseTaskName } from '../model/task.ts'
import type { TaskDefinition } from '../model/task.ts'
import {
  checkBoolean,
  checkBooleanOr,
  checkChoice,
  checkFields,
  checkNamed,
  checkNumber,
  checkNumberOr,
  checkSomeTexts,
  checkText,
  checkTexts,
} from './checks.ts'
import type { Check, Fields, Reading } from './checks.ts'
import type { Located, Origin } from './located.ts'
import { refuseProblems } from './problems.ts'
import { readYaml } from './read-yaml.ts'
import { checkRemote } from './remote-settings.ts'
import type { RemoteValues } from './remote-settings.ts'
import { settingPath } from './setting-source.ts'
import type { LogLevel } from './settings.ts'

/** What a configuration file or the environment may say; whatever is absent keeps its default. */
export interface ConfigValues {
  readonly cacheDir: string
  readonly maxSizeGb: number
  readonly hashAlgorithm: string
  readonly logLevel: LogLevel
  readonly servicePort: number
  readonly policies: Readonly<Record<string, PolicyFields>>
  readonly branches: Readonly<Record<string, PolicyFields>>
  readonly tasks: Readonly<Record<string, TaskDefinition>>
  readonly remote: RemoteValues
  readonly secrets: readonly string[]
}

/** What a sound configuration says, and where. */
export interface ParsedConfig {
  readonly values: Partial<ConfigValues>
  readonly sources: Reading['sources']
}

/** The largest whole number of GiB whose bytes a number counts exactly. */
const MOST_GB = 8_388_607

const POLICY_FIELDS: Fields<PolicyFields> = {
  ttlSeconds: {
    key: 'ttl_seconds',
    check: checkNumberOr('never', { least: 1, most: LONGEST_TTL_SECONDS, isWhole: true }),
  },
  maxSizeBytes: {
    key: 'max_size_bytes',
    check: checkNumberOr('unlimited', {
      least: 1,
      most: Number.MAX_SAFE_INTEGER,
      isWhole: true,
    }),
  },
  strategy: { key: 'strategy', check: checkChoice(EVICTION_STRATEGIES) },
  cacheFailures: { key: 'cache_failures', check: checkBoolean },
  write: { key: 'write', check: checkBooleanOr('ci') },
  preCommit: { key: 'pre_commit', check: checkChoice(HOOK_MODES) },
  preMergeCommit: { key: 'pre_merge_commit', check: checkChoice(HOOK_MODES) },
  prePush: { key: 'pre_push', check: checkChoice(HOOK_MODES) },
  unstaged: { key: 'unstaged', check: checkChoice(UNSTAGED_HANDLINGS) },
  passesOf: { key: 'passes_of', check: checkChoice(PASSES_OF) },
}

const someText: Check<string> = checkText('a non-empty string', (text) => text.trim() !== '')
const envName: Check<string> = checkText('the name of an environment variable', isVariableName)
const outputPath: Check<string> = checkText(
  'a path in the project, such as dist or reports/junit.xml, or a pattern that begins with a name, such as packages/*/dist',
  (text) =>
    text !== '' &&
    !/^[!?]?([\\/]|[A-Za-z]:)|\0/.test(text) &&
    !text.split(/[\\/]/).includes('..') &&
    isSoundOutput(text),
)

/** Only exclusions would select nothing. */
const checkOutputs: Check<readonly string[]> = (node, path, reading) => {
  const outputs = checkTexts(outputPath)(node, path, reading)
  if (outputs === undefined || outputs.length === 0) return outputs
  if (outputs.some((output) => !output.startsWith('!'))) return outputs
  reading.problems.push({
    where: reading.origin.describe(node.at),
    what: `${settingPath(...path)}: all lines are exclusions; first say what the task writes, such as dist`,
  })
  return undefined
}

const commandWords: Check<readonly string[]> = checkSomeTexts(
  'a line for the shell, or a list of words',
  someText,
)
const checkCommand: Check<string | readonly string[]> = (node, path, reading) =>
  node.kind === 'list' ? commandWords(node, path, reading) : someText(node, path, reading)

const TASK_FIELDS: Fields<TaskDefinition> = {
  command: { key: 'command', check: checkCommand },
  inputs: { key: 'inputs', check: checkTexts(someText) },
  outputs: { key: 'outputs', check: checkOutputs },
  env: { key: 'env', check: checkTexts(envName) },
  tools: { key: 'tools', check: checkTexts(someText) },
  salt: { key: 'salt', check: checkText('a string', () => true) },
  hooks: { key: 'hooks', check: checkTexts(checkChoice(GIT_HOOKS)) },
}

const checkTask: Check<TaskDefinition> = (node, path, reading) => {
  const fields = checkFields<TaskDefinition>(TASK_FIELDS)(node, path, reading)
  return { inputs: [], outputs: [], env: [], tools: [], ...fields }
}

const checkPolicies: Check<Readonly<Record<string, PolicyFields>>> = checkNamed(
  checkFields<PolicyFields>(POLICY_FIELDS),
  (name) =>
    /^\S+$/.test(name) ? undefined : 'use a task, a branch, or a glob over them, without spaces',
)

const CONFIG_FIELDS: Fields<ConfigValues> = {
  cacheDir: { key: 'cache_dir', check: someText },
  maxSizeGb: { key: 'max_size_gb', check: checkNumber({ least: 1, most: MOST_GB }) },
  hashAlgorithm: {
    key: 'hash_algorithm',
    // Asked for at each reading: more algorithms may have been registered.
    check: (node, path, reading) => checkChoice(hashAlgorithmNames())(node, path, reading),
  },
  logLevel: { key: 'log_level', check: checkChoice<LogLevel>(['debug', 'info', 'warn', 'error']) },
  servicePort: {
    key: 'service_port',
    check: checkNumber({ least: 1, most: 65_535, isWhole: true }),
  },
  policies: { key: 'policies', check: checkPolicies },
  branches: { key: 'branches', check: checkPolicies },
  tasks: { key: 'tasks', check: checkNamed(checkTask, faultOfTaskName) },
  remote: { key: 'remote', check: checkRemote },
  secrets: { key: 'secrets', check: checkTexts(envName) },
}

/** The names of a policy's fields in the file. */
export const POLICY_KEYS: Readonly<Record<keyof PolicyFields, string>> = keysOf(POLICY_FIELDS)

/** How a task's fields are called in the file. */
export const TASK_KEYS: Readonly<Record<keyof TaskDefinition, string>> = keysOf(TASK_FIELDS)

/** Checks a whole configuration; what is wrong is added to the reading's problems. */
export function checkConfig(root: Located, reading: Reading): Partial<ConfigValues> {
  return checkFields<ConfigValues>(CONFIG_FIELDS)(root, [], reading) ?? {}
}

/**
 * Reads the text of a configuration file.
 * @throws {TaskVaultError} CONFIG_INVALID naming place, key, value and what is allowed, for everything
 * that is wrong at once.
 */
export async function parseConfig(text: string, origin: Origin): Promise<ParsedConfig> {
  const { root, problems } = await readYaml(text, origin)
  const reading: Reading = { origin, problems: [...problems], sources: new Map() }
  const values = root === undefined ? {} : checkConfig(root, reading)
  refuseProblems(reading.problems)
  return { values, sources: reading.sources }
}

function keysOf<Value>(fields: Fields<Value>): Readonly<Record<keyof Value, string>> {
  const rows = Object.entries<Fields<Value>[keyof Value]>(fields)
  return Object.fromEntries(rows.map(([name, row]) => [name, row.key])) as Record<
    keyof Value,
    string
  >
}

function faultOfTaskName(name: string): string | undefined {
  try {
    parseTaskName(name)
    return undefined
  } catch (error) {
    if (!isTaskVaultError(error, 'TASK_NAME_INVALID')) throw error
    return error.hint ?? error.message
  }
}
