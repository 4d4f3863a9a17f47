import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ensureDirectory } from '../files/ensure-directory.ts'
import { smallSha256 } from '../hashing/small-sha256.ts'
import type { ParsedConfig } from './parse-config.ts'

/** A configuration file as it was read: who reads the same text the same way finds the same in it. */
export interface ConfigReading {
  /** Absolute. */
  readonly file: string
  /** How it is called where settings say where they come from. */
  readonly shownAs: string
  readonly text: string
}

/**
 * Remembers the contents of valid configuration files: reading and checking YAML takes longer than everything else
 * before a small hit. Losing it costs only time, so none of its functions throws.
 */
export interface ConfigMemory {
  find(reading: ConfigReading): ParsedConfig | undefined
  remember(reading: ConfigReading, parsed: ParsedConfig): void
}

export interface ConfigMemoryPlace {
  /** Absolute. */
  readonly directory: string
  /** Names the program that reads configurations: another version may read them differently. */
  readonly readBy: string
}

/**
 * Opens a memory in a directory that only this user can write to, because its content is trusted. It holds one file per
 * configuration.
 */
export function openConfigMemory({ directory, readBy }: ConfigMemoryPlace): ConfigMemory {
  const fileOf = ({ file }: ConfigReading): string =>
    path.join(directory, `${smallSha256(Buffer.from(file)).slice(0, NAME_LENGTH)}.json`)
  return {
    find: (reading) =>
      withoutFailing(() => {
        const { subject, values, sources } = JSON.parse(readFileSync(fileOf(reading), 'utf8'))
        if (subject !== describe(reading, readBy)) return undefined
        return { values: withoutPrototypes(values), sources: new Map(sources) }
      }),
    remember: (reading, { values, sources }) =>
      withoutFailing(() => {
        const record = { subject: describe(reading, readBy), values, sources: [...sources] }
        const file = fileOf(reading)
        ensureDirectory(directory, 0o700)
        writeFileSync(`${file}.${process.pid}`, JSON.stringify(record), { mode: 0o600 })
        renameSync(`${file}.${process.pid}`, file)
      }),
  }
}

const NAME_LENGTH = 32

function describe({ shownAs, text }: ConfigReading, readBy: string): string {
  return [readBy, shownAs, text].join('\0')
}

/** As `checkNamed` makes them: a task called `constructor` must not find what nobody declared. */
function withoutPrototypes(values: ParsedConfig['values']): ParsedConfig['values'] {
  const named = (['policies', 'branches', 'tasks'] as const)
    .filter((key) => values[key] !== undefined)
    .map((key) => [key, Object.assign(Object.create(null), values[key])])
  return { ...values, ...Object.fromEntries(named) }
}

function withoutFailing<Result>(work: () => Result): Result | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
