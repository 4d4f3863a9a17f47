import type { PolicyFields } from '../model/policy.ts'
import { POLICY_KEYS, TASK_KEYS } from './parse-config.ts'
import { REMOTE_KEYS } from './remote-settings.ts'
import { settingPath } from './setting-source.ts'
import type { SettingSource } from './setting-source.ts'
import type { LoadedSettings, Settings } from './settings.ts'

/** A setting as named in the file, its value, and where the value comes from. */
export interface ListedSetting {
  readonly name: string
  readonly value: unknown
  readonly source: SettingSource
}

const DEFAULT: SettingSource = { kind: 'default' }
const BYTES_PER_GB = 2 ** 30

/** All effective settings, in the order of the documentation; paths are absolute. */
export function listSettings(settings: LoadedSettings): readonly ListedSetting[] {
  const list = (name: string, value: unknown): ListedSetting => ({
    name,
    value,
    source: settings.sources.get(name) ?? DEFAULT,
  })
  return [
    list('cache_dir', settings.cacheDirectory),
    list('max_size_gb', settings.maxSizeBytes / BYTES_PER_GB),
    list('hash_algorithm', settings.hashAlgorithm),
    list('log_level', settings.logLevel),
    list('service_port', settings.servicePort),
    ...listNamed('policies', settings.policies, POLICY_KEYS).map(({ name, value }) =>
      list(name, value),
    ),
    ...listNamed('branches', settings.branches, POLICY_KEYS).map(({ name, value }) =>
      list(name, value),
    ),
    ...listNamed('tasks', settings.tasks, TASK_KEYS).map(({ name, value }) => list(name, value)),
    ...listRemote(settings.remote).map(({ name, value }) => list(name, value)),
    list('secrets', settings.secrets),
  ]
}

function listRemote(remote: Settings['remote']): readonly { name: string; value: unknown }[] {
  if (remote === undefined) return []
  return Object.entries<string>(REMOTE_KEYS)
    .map(([field, key]) => ({ name: settingPath('remote', key), value: valueOf(remote, field) }))
    .filter(({ value }) => value !== undefined)
}

/** The name of the setting for a field of a policy block: `policies.main.ttl_seconds`. */
export function policySettingPath(
  section: 'policies' | 'branches',
  name: string,
  field: keyof PolicyFields,
): string {
  return settingPath(section, name, POLICY_KEYS[field])
}

function listNamed<Block extends object>(
  section: string,
  blocks: Readonly<Record<string, Block>>,
  keys: Readonly<Record<keyof Block, string>>,
): readonly { name: string; value: unknown }[] {
  const fields = Object.entries<string>(keys)
  return Object.entries(blocks).flatMap(([blockName, block]) =>
    fields
      .map(([field, key]) => ({
        name: settingPath(section, blockName, key),
        value: valueOf(block, field),
      }))
      .filter(({ value }) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  )
}

function valueOf(block: object, field: string): unknown {
  return (block as Readonly<Record<string, unknown>>)[field]
}
