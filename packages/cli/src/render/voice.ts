import { styleText } from 'node:util'
import type { Host } from '../host.ts'

/** One thing to say, in both forms. Only the one that is needed is made. */
export interface Saying {
  readonly text: () => string
  readonly data: () => unknown
}

export type Style = 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold'

/** Where a command's words go. Every text is whole lines, without the last line feed. */
export interface Voice {
  /** What the command was asked for: on stdout, whatever else is asked. */
  answer(saying: Saying): void
  /** That something was done: on stdout, and nothing with `--quiet`. With `--json` it is the answer. */
  confirm(saying: Saying): void
  /** Like `confirm`, on stderr: for commands whose stdout carries an output's bytes. */
  confirmAside(saying: Saying): void
  /** Why, or what else: on stderr, and nothing with `--quiet` or `--json`. */
  remark(text: string): void
  /** What somebody should look at: on stderr, always. */
  warn(text: string): void
  /** Coloured for stdout, where that may be. */
  style(style: Style, text: string): string
}

export interface VoiceOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly hasColour: boolean
  /** Once it is aborted, nothing is said any more: of a command that was stopped, its status says it all. */
  readonly stopped: AbortSignal
}

export function createVoice(host: Host, options: VoiceOptions): Voice {
  const write = (stream: Host['stdout'], text: string): void => {
    if (!options.stopped.aborted) stream.write(text)
  }
  const say = (stream: Host['stdout'], saying: Saying): void => {
    write(stream, options.json ? renderJson(saying.data()) : `${saying.text()}\n`)
  }
  const isSilent = options.quiet && !options.json
  return {
    answer: (saying) => say(host.stdout, saying),
    confirm: (saying) => {
      if (!isSilent) say(host.stdout, saying)
    },
    confirmAside: (saying) => {
      if (!isSilent) say(host.stderr, saying)
    },
    remark: (text) => {
      if (!options.quiet && !options.json) write(host.stderr, `${text}\n`)
    },
    warn: (text) => write(host.stderr, `${text}\n`),
    style: (style, text) =>
      options.hasColour ? styleText(style, text, { validateStream: false }) : text,
  }
}

/** One document on one line, so that a stream of them is JSON lines. */
export function renderJson(data: unknown): string {
  return `${JSON.stringify(data)}\n`
}
