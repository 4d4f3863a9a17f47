import type { PolicyFields } from '../model/policy.ts'
import type { TaskDefinition } from '../model/task.ts'

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
  /** Names of environment variables whose values are masked in recorded logs. */
  readonly secrets: readonly string[]
}
