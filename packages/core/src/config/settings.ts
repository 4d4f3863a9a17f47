import type { PolicyFields } from '../model/policy.ts'
import type { TaskDefinition } from '../model/task.ts'
import type { RemoteSettings } from './remote-settings.ts'
import type { SettingSource } from './setting-source.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** The configuration, checked and complete: defaults, then the file, then the environment. */
export interface Settings {
  /** The directory that contains `.taskvault`, or else the one that the settings were loaded for; absolute. */
  readonly projectRoot: string
  /** Undefined when there is no configuration file. */
  readonly configPath: string | undefined
  readonly cacheDirectory: string
  readonly maxSizeBytes: number
  readonly hashAlgorithm: string
  readonly logLevel: LogLevel
  readonly servicePort: number
  /** By name or glob, in the file's order. */
  readonly policies: Readonly<Record<string, PolicyFields>>
  /** Policies that apply only by branch, for when a task and a branch share a name. */
  readonly branches: Readonly<Record<string, PolicyFields>>
  readonly tasks: Readonly<Record<string, TaskDefinition>>
  /** Absent when no remote store is configured. */
  readonly remote?: RemoteSettings | undefined
  /** Names of environment variables whose values are masked in recorded logs. */
  readonly secrets: readonly string[]
}

/** Settings, with the source of each value. */
export interface LoadedSettings extends Settings {
  /** By setting, named as by `settingPath`; settings that are missing here have their defaults. */
  readonly sources: ReadonlyMap<string, SettingSource>
}
