import type { UserConfig } from 'tsdown'

/** What every package has in common: ES modules for Node, and no file name that changes with its content. */
export const base: UserConfig = { format: 'esm', platform: 'node', hash: false, failOnWarn: true }

/** A package that people import: types beside the code, checked as they would resolve them. */
export const library: UserConfig = {
  ...base,
  entry: ['src/index.ts'],
  dts: true,
  publint: true,
  attw: { profile: 'esm-only' },
}
