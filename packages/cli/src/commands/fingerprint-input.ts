import { fingerprintContent } from '@taskvault/core'
import type { KeyedFingerprint, TaskName, Vault } from '@taskvault/core'
import { resolvePathArgument } from '../arguments/path-argument.ts'
import type { Cli } from '../cli.ts'

export interface InputOf {
  readonly vault: Vault
  readonly task: TaskName
  /** As given on the command line: a path, or - for standard input. */
  readonly input: string
}

/** The key of a task over one input, by its content alone. */
export async function fingerprintInput(
  cli: Cli,
  { vault, task, input }: InputOf,
): Promise<KeyedFingerprint> {
  const content = { path: resolvePathArgument(input, cli.cwd) }
  let done = 0
  return await fingerprintContent(
    { task, content, standardInput: () => cli.stdin },
    {
      algorithm: vault.algorithm,
      statCache: vault.statCache,
      // Not the host's clock: file times are compared with it.
      now: Date.now,
      onProgress: (names) => {
        done += names
        cli.follow({
          kind: 'progress',
          phase: 'hashing',
          done,
          total: undefined,
          unit: 'files',
        })
      },
    },
  )
}
