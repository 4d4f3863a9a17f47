import { stripVTControlCharacters } from 'node:util'
import { parseRecordedLog, type LogPart, type LogStream } from '../model/recorded-log.ts'
import { openSinkWriter, type OutputSinks } from './output-sinks.ts'

export interface ReplayOptions {
  readonly output: OutputSinks
  /** Whether the sinks are a terminal, so that what was recorded from one can be shown as it is. */
  readonly isTerminal: boolean
}

type Output = LogPart & { readonly kind: 'output' }

/**
 * Prints a recorded log again: every part to its stream, in the recorded order. What a terminal
 * carried goes to standard output, without its control sequences when that is no terminal.
 * @returns the stream whose line is not ended, if the last one is not.
 * @throws {TaskVaultError} ENTRY_DAMAGED or FORMAT_UNSUPPORTED, before anything is printed.
 */
export async function replayLog(
  log: Uint8Array,
  options: ReplayOptions,
): Promise<LogStream | undefined> {
  const outputs = parseRecordedLog(log).map(asOutput)
  using writer = openSinkWriter(options.output)
  for (const { stream, bytes } of options.isTerminal ? outputs : withoutTerminal(outputs)) {
    await writer.write(stream, bytes)
    if (writer.isBroken) return undefined
  }
  return writer.openLine
}

function asOutput(part: LogPart): Output {
  if (part.kind === 'output') return part
  const note = `\n[taskvault: ${part.sizeBytes} bytes of output were not recorded]\n`
  return { kind: 'output', stream: 'stderr', bytes: Buffer.from(note) }
}

/** Runs of terminal output become plain text; a control sequence may lie across two parts of a run. */
function withoutTerminal(outputs: readonly Output[]): readonly Output[] {
  const result: Output[] = []
  let run: Output[] = []
  const endRun = (): void => {
    if (run.length > 0) result.push(asPlainText(run))
    run = []
  }
  for (const output of outputs) {
    if (output.stream === 'terminal') {
      run.push(output)
      continue
    }
    endRun()
    result.push(output)
  }
  endRun()
  return result
}

function asPlainText(run: readonly Output[]): Output {
  const text = Buffer.concat(run.map((output) => output.bytes)).toString()
  const plain = stripVTControlCharacters(text).replaceAll('\r\n', '\n')
  return { kind: 'output', stream: 'stdout', bytes: Buffer.from(plain) }
}
