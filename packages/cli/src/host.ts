import type { Readable, Writable } from 'node:stream'
import type { ConfigMemoryPlace, OnStopSignal } from '@taskvault/core'

/** A stream that may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** Everything that a command line run takes from the process around it. Tests pass their own. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  /** How the command line is started; absolute paths. */
  readonly launcher: { readonly node: string; readonly script: string }
  /** The working directory; absolute. */
  readonly cwd: string
  readonly stdin: Readable & { readonly isTTY?: boolean }
  /** Whether somebody may write to `stdin`: it is no terminal, and no device such as /dev/null. */
  readonly isFed: boolean
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  /** Whether `stdout` goes to the journal of systemd. */
  readonly isJournalled?: boolean
  /** Milliseconds since 1970. */
  now(): number
  /** The process ends with the command, whatever is still open. */
  readonly endsProcess?: boolean
  /** Where is kept what configurations were found to say. */
  readonly configMemory?: ConfigMemoryPlace | undefined
  /** Called once when there is much to do, to make do with less memory. */
  readonly limitMemory?: (() => void) | undefined
  readonly onStopSignal: OnStopSignal
}
