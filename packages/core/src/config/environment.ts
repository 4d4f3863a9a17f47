import { YES_OR_NO, parseYesOrNo } from '../model/yes-or-no.ts'
import type { Located, Origin, Problem } from './located.ts'
import { readYaml } from './read-yaml.ts'

interface SettingVariable {
  readonly name: string
  /** `names`: separated by commas or spaces. `yaml`: a map as it would stand in the file. */
  readonly holds: 'text' | 'number' | 'names' | 'yaml'
}

/** The variables that set one setting each, by the setting's key. */
const SETTING_VARIABLES: Readonly<Record<string, SettingVariable>> = {
  cache_dir: { name: 'TASKVAULT_CACHE_DIR', holds: 'text' },
  max_size_gb: { name: 'TASKVAULT_MAX_SIZE_GB', holds: 'number' },
  hash_algorithm: { name: 'TASKVAULT_HASH_ALGORITHM', holds: 'text' },
  log_level: { name: 'TASKVAULT_LOG_LEVEL', holds: 'text' },
  service_port: { name: 'TASKVAULT_SERVICE_PORT', holds: 'number' },
  policies: { name: 'TASKVAULT_POLICIES', holds: 'yaml' },
  branches: { name: 'TASKVAULT_BRANCHES', holds: 'yaml' },
  tasks: { name: 'TASKVAULT_TASKS', holds: 'yaml' },
  remote: { name: 'TASKVAULT_REMOTE', holds: 'text' },
  secrets: { name: 'TASKVAULT_SECRETS', holds: 'names' },
}

export type Environment = Readonly<Record<string, string | undefined>>

/** One variable's value, shaped like a configuration file that holds its setting only. */
export interface EnvironmentSetting {
  readonly root: Located
  readonly origin: Origin
}

const START = { line: 1, column: 1 }

/** The settings that the environment makes; an empty variable makes none. */
export async function readEnvironment(
  env: Environment,
  problems: Problem[],
): Promise<readonly EnvironmentSetting[]> {
  const settings: EnvironmentSetting[] = []
  for (const [key, { name, holds }] of Object.entries(SETTING_VARIABLES)) {
    const text = env[name]
    if (text === undefined || text === '') continue
    const origin: Origin = { describe: () => name, sourceAt: () => ({ kind: 'environment', name }) }
    const value =
      holds === 'yaml' ? await locateYaml(text, origin, problems) : locateText(text, holds)
    if (value === undefined) continue
    settings.push({
      root: { kind: 'map', at: START, entries: [{ key, at: START, value }] },
      origin,
    })
  }
  return settings
}

/** The variables that say yes or no; they are no settings, and are read where they matter. */
const YES_OR_NO_VARIABLES: readonly string[] = [
  'TASKVAULT_BRANCH_IS_DEFAULT',
  'TASKVAULT_FORK',
  'TASKVAULT_SKIP',
  'TASKVAULT_FORCE',
]

/** Finds the variables that are to say yes or no, and say something else. */
export function checkYesOrNo(env: Environment, problems: Problem[]): void {
  for (const name of YES_OR_NO_VARIABLES) {
    const text = env[name] ?? ''
    if (text === '' || parseYesOrNo(text) !== undefined) continue
    const allowed = YES_OR_NO.join(', ')
    const what = `${JSON.stringify(text)} is not allowed; use one of: ${allowed}`
    problems.push({ where: name, what })
  }
}

/** A map as it would stand in the file; JSON will do. */
async function locateYaml(
  text: string,
  origin: Origin,
  problems: Problem[],
): Promise<Located | undefined> {
  const reading = await readYaml(text, origin)
  problems.push(...reading.problems)
  return reading.root
}

function locateText(text: string, holds: 'text' | 'number' | 'names'): Located {
  if (holds === 'names') {
    const names = text.split(/[\s,]+/).filter((name) => name !== '')
    return {
      kind: 'list',
      at: START,
      items: names.map((value) => ({ kind: 'scalar', at: START, value })),
    }
  }
  const isNumber = holds === 'number' && /^-?\d+(\.\d+)?$/.test(text.trim())
  return { kind: 'scalar', at: START, value: isNumber ? Number(text) : text }
}

/** Names of all environment variables that can set a setting. */
export function settingVariableNames(): readonly string[] {
  return [
    ...Object.values(SETTING_VARIABLES).map(({ name }) => name),
    'TASKVAULT_CONFIG',
    'TASKVAULT_CWD',
    'TASKVAULT_BRANCH',
    'TASKVAULT_TOKEN',
    'TASKVAULT_DEFAULT_BRANCH',
    'TASKVAULT_ID_TOKEN',
    ...YES_OR_NO_VARIABLES,
  ]
}
