import type { SettingSource } from './setting-source.ts'

/** Where a value stands in the text that it was read from. Lines and columns count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A value as it was written, with its place: what YAML gives before anything is checked. */
export type Located =
  | { readonly kind: 'map'; readonly at: Position; readonly entries: readonly LocatedEntry[] }
  | { readonly kind: 'list'; readonly at: Position; readonly items: readonly Located[] }
  | { readonly kind: 'scalar'; readonly at: Position; readonly value: unknown }

export interface LocatedEntry {
  readonly key: string
  readonly at: Position
  readonly value: Located
}

/** The text that values are read from: how it is called in messages, and as a source. */
export interface Origin {
  /** `.taskvault/config.yaml:3:14` or `TASKVAULT_MAX_SIZE_GB`. */
  describe(at: Position): string
  sourceAt(at: Position): SettingSource
}

/** One thing that is wrong, ready to be shown. */
export interface Problem {
  readonly where: string
  readonly what: string
}
