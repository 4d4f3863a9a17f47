import type { PolicyFields } from '../model/policy.ts'
import type { TaskDefinition } from '../model/task.ts'
import type { RemoteSettings } from './remote-settings.ts'
import type { SettingSource } from './setting-source.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** The configuration, checked and complete: defaults, then the file, then the environment. */
export interface Settings {
  /** The directory that holds `.taskvault`, or the one we were started for; absolute. */
  readonly projectRoot: string
  /** Undefined when there is no file. */
  readonly configPath: string | undefined
  readonly cacheDirectory: string
  readonly maxSizeBytes: number
  readonly hashAlgorithm: string
  readonly logLevel: LogLevel
  readonly servicePort: number
  /** By name or glob, in the file's order. */
  readonly policies: Readonly<Record<string, PolicyFields>>
  /** Policies that apply by branch only, where a task and a branch share a name. */
  readonly branches: Readonly<Record<string, PolicyFields>>
  readonly tasks: Readonly<Record<string, TaskDefinition>>
  /** Absent: this machine is all there is. */
  readonly remote?: RemoteSettings | undefined
  /** Names of environment variables whose values are masked in recorded logs. */
  readonly secrets: readonly string[]
}

/** Settings that remember who said what. */
export interface LoadedSettings extends Settings {
  /** By setting, as `settingPath` writes it; whatever is not here is a default. */
  readonly sources: ReadonlyMap<string, SettingSource>
}
