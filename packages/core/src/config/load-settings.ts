import { homedir } from 'node:os'
import path from 'node:path'
import type { Reading } from './checks.ts'
import type { ConfigMemory } from './config-memory.ts'
import { readConfigText } from './config-text.ts'
import { checkYesOrNo, readEnvironment } from './environment.ts'
import type { Environment } from './environment.ts'
import { findConfig } from './find-config.ts'
import type { Problem } from './located.ts'
import { checkConfig, parseConfig } from './parse-config.ts'
import type { ConfigValues, ParsedConfig } from './parse-config.ts'
import { refuseProblems } from './problems.ts'
import { mergeRemote } from './remote-settings.ts'
import type { LoadedSettings } from './settings.ts'

export interface LoadRequest {
  /** Where to look for a configuration; absolute. */
  readonly cwd: string
  /** A file to read instead of the one that is found; relative to `cwd`. */
  readonly configPath?: string | undefined
  readonly env: Environment
  /** What the file was found to say before. */
  readonly memory?: ConfigMemory | undefined
}

const BYTES_PER_GB = 2 ** 30

const DEFAULTS: Omit<ConfigValues, 'policies' | 'branches' | 'tasks' | 'remote'> = {
  cacheDir: path.join('.taskvault', 'cache'),
  maxSizeGb: 10,
  hashAlgorithm: 'blake3',
  logLevel: 'info',
  servicePort: 9999,
  secrets: [],
}

/**
 * Loads the settings for a directory: defaults, then the configuration file, then the environment. `configPath`, or
 * else TASKVAULT_CONFIG, names the file; without either, it is searched for.
 * @throws {TaskVaultError} CONFIG_INVALID, listing all problems at once, when anything in the file or the environment is
 * not allowed; CONFIG_NOT_FOUND when the named file does not exist; PERMISSION_DENIED or IO_FAILED when it cannot be
 * read.
 */
export async function loadSettings(request: LoadRequest): Promise<LoadedSettings> {
  const { cwd, configPath, env } = request
  const named = configPath ?? emptyAsUndefined(env['TASKVAULT_CONFIG'])
  const file = named === undefined ? findConfig(cwd) : path.resolve(cwd, named)
  const { values, sources } =
    file === undefined ? { values: {}, sources: new Map() } : await readConfigFile(file, request)
  const fromEnvironment = await readSettingsOfEnvironment(env, sources)
  const merged = { ...DEFAULTS, ...values, ...fromEnvironment }
  const projectRoot = projectRootOf(file, cwd)
  return {
    projectRoot,
    configPath: file,
    cacheDirectory: resolveCacheDirectory(merged.cacheDir, projectRoot, env),
    maxSizeBytes: Math.floor(merged.maxSizeGb * BYTES_PER_GB),
    hashAlgorithm: merged.hashAlgorithm,
    logLevel: merged.logLevel,
    servicePort: merged.servicePort,
    policies: merged.policies ?? Object.create(null),
    branches: merged.branches ?? Object.create(null),
    tasks: merged.tasks ?? Object.create(null),
    remote: mergeRemote(values.remote, fromEnvironment.remote, (written) =>
      path.resolve(projectRoot, written),
    ),
    secrets: merged.secrets,
    sources,
  }
}

/** The directory that holds `.taskvault`; for a file kept elsewhere, the one we were started for. */
function projectRootOf(file: string | undefined, cwd: string): string {
  const holder = file === undefined ? undefined : path.dirname(file)
  return holder !== undefined && path.basename(holder) === '.taskvault' ? path.dirname(holder) : cwd
}

async function readConfigFile(file: string, { cwd, memory }: LoadRequest): Promise<ParsedConfig> {
  const { text, origin, shownAs } = readConfigText(file, { cwd, absentHint: ABSENT_HINT })
  const reading = { file, shownAs, text }
  const known = memory?.find(reading)
  if (known !== undefined) return known
  const parsed = await parseConfig(text, origin)
  memory?.remember(reading, parsed)
  return parsed
}

const ABSENT_HINT = 'Run `taskvault init`, or correct `--config` or TASKVAULT_CONFIG.'

/** Checks the variables like the lines of a file; they win over those, whole keys at a time. */
async function readSettingsOfEnvironment(
  env: Environment,
  sources: Reading['sources'],
): Promise<Partial<ConfigValues>> {
  const problems: Problem[] = []
  let values: Partial<ConfigValues> = {}
  for (const { root, origin } of await readEnvironment(env, problems)) {
    if (root.kind === 'map') for (const { key } of root.entries) forget(replacedBy(key), sources)
    values = { ...values, ...checkConfig(root, { origin, problems, sources }) }
  }
  checkYesOrNo(env, problems)
  refuseProblems(problems)
  return values
}

/** Of the remote store, a variable gives the address alone; what else the file says of it stays. */
function replacedBy(key: string): string {
  return key === 'remote' ? 'remote.url' : key
}

/** Drops what the file said about a setting that the environment replaces. */
function forget(key: string, sources: Reading['sources']): void {
  for (const name of sources.keys()) {
    if (name === key || name.startsWith(`${key}.`)) sources.delete(name)
  }
}

function resolveCacheDirectory(written: string, projectRoot: string, env: Environment): string {
  const isHome = written === '~' || written.startsWith('~/') || written.startsWith('~\\')
  if (!isHome) return path.resolve(projectRoot, written)
  return path.join(emptyAsUndefined(env['HOME']) ?? homedir(), written.slice(1))
}

function emptyAsUndefined(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
