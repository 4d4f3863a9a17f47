import { readFileSync } from 'node:fs'
import path from 'node:path'

export interface Parameters {
  readonly task: string
  readonly command?: string
  readonly inputs?: readonly string[]
  readonly outputs?: readonly string[]
  readonly env?: readonly string[]
  readonly tools?: readonly string[]
  readonly salt?: string
  /** `pull-push` when absent. */
  readonly policy?: string
  /** Relative to the project. */
  readonly directory?: string
  /** The address of a shared vault. */
  readonly server?: string
}

export interface Case {
  readonly name: string
  readonly platform?: string
  readonly parameters: Parameters
  readonly words: readonly string[]
  readonly directory?: string
  readonly environment?: Readonly<Record<string, string>>
}

interface Table {
  readonly platforms: Readonly<Record<string, Readonly<Record<string, Record<string, string>>>>>
  readonly cases: readonly Case[]
  readonly refused: readonly {
    readonly parameters: Parameters
    readonly parameter: string
    readonly value: string
  }[]
}

export const TABLE: Table = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'cases.json'), 'utf8'),
) as Table
