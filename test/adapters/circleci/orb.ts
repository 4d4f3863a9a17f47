import { parse } from 'yaml'

/** A parameter as an orb declares it. */
export interface Parameter {
  readonly description?: string
  readonly type: string
  readonly enum?: readonly string[]
  readonly default?: unknown
}

/** A step: a name alone, or a map with one key that says what it is. */
export type Step = string | Readonly<Record<string, unknown>>

/** A command, job or executor. */
export interface Component {
  readonly description?: string
  readonly parameters?: Readonly<Record<string, Parameter>>
  readonly steps?: readonly Step[]
  readonly [field: string]: unknown
}

export interface Example {
  readonly description?: string
  readonly usage: Configuration
}

export interface Orb {
  readonly version: number
  readonly description: string
  readonly display: { readonly home_url?: string; readonly source_url?: string }
  readonly commands: Readonly<Record<string, Component>>
  readonly jobs: Readonly<Record<string, Component>>
  readonly executors: Readonly<Record<string, Component>>
  readonly examples: Readonly<Record<string, Example>>
}

/** A project's configuration that uses the orb. */
export interface Configuration {
  readonly version: number
  readonly orbs: Readonly<Record<string, string>>
  readonly jobs?: Readonly<Record<string, Component>>
  readonly workflows: Readonly<Record<string, { readonly jobs: readonly Step[] }>>
}

/** Reads a packed orb. YAML 1.1, as CircleCI does: `on` and `yes` are booleans. */
export function readOrb(packed: string): Orb {
  return parse(packed, { version: '1.1' }) as Orb
}
