import type { Writable } from 'node:stream'
import type { LogStream } from '../model/recorded-log.ts'
import { createLineWatch } from './line-watch.ts'
import { createTerminalLines } from './terminal-lines.ts'

/** Where output goes. They are written to, and not ended. */
export interface OutputSinks {
  readonly stdout: Writable
  readonly stderr: Writable
}

/**
 * Writes to sinks no faster than they take it, and survives their failing. What a terminal carried is for a
 * terminal.
 */
export interface SinkWriter extends Disposable {
  /** A promise when the sink is full: it settles when there is room, or when the sink has failed. */
  write(stream: LogStream, bytes: Uint8Array): Promise<void> | undefined
  /** The stream whose line is not ended, if what was written last does not end one. */
  readonly openLine: LogStream | undefined
  /** Whether a sink has failed: whoever read there has gone away. What follows is dropped. */
  readonly isBroken: boolean
}

/** @param onBroken is called once, when the first sink fails. */
export function openSinkWriter(sinks: OutputSinks, onBroken: () => void = () => {}): SinkWriter {
  let isBroken = false
  const waiting = new Set<() => void>()
  const settleAll = (): void => {
    for (const settle of waiting) settle()
    waiting.clear()
  }
  const fail = (): void => {
    if (isBroken) return
    isBroken = true
    settleAll()
    onBroken()
  }
  const listeners = [...new Set([sinks.stdout, sinks.stderr])]
  for (const sink of listeners) sink.on('error', fail)
  const lines = createTerminalLines()
  const watch = createLineWatch()

  return {
    write(stream, bytes) {
      if (isBroken) return undefined
      watch.see(stream, bytes)
      const sink = stream === 'stderr' ? sinks.stderr : sinks.stdout
      if (sink.write(stream === 'terminal' ? lines.push(bytes) : bytes)) return undefined
      return new Promise((resolve) => {
        const settle = (): void => {
          waiting.delete(settle)
          sink.off('drain', settle)
          resolve()
        }
        waiting.add(settle)
        sink.on('drain', settle)
      })
    },
    get openLine() {
      return isBroken ? undefined : watch.openLine
    },
    get isBroken() {
      return isBroken
    },
    [Symbol.dispose]() {
      settleAll()
      const rest = lines.end()
      if (!isBroken && rest.length > 0) sinks.stdout.write(rest)
      for (const sink of listeners) sink.off('error', fail)
    },
  }
}
