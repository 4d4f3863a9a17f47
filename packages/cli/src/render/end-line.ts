import type { RunEvent } from '@taskvault/core'
import type { Cli } from '../cli.ts'

/** Ends the line that a command left unfinished, where what is said next would otherwise continue it. */
export function endLine(
  { host, voice }: Cli,
  { stream }: RunEvent & { readonly kind: 'line-open' },
): void {
  const isTerminal = { stdout: host.stdout.isTTY === true, stderr: host.stderr.isTTY === true }
  // Two streams of which one is a terminal do not meet in it.
  if (stream === 'stderr' || isTerminal.stdout === isTerminal.stderr) voice.remark('')
}
