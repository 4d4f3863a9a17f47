import path from 'node:path'
import type { TaskAdditions } from '@taskvault/core'

/** Options of `run`, as commander gives them. */
export interface RunOptions {
  readonly input: readonly string[]
  readonly output: readonly string[]
  readonly env: readonly string[]
  readonly tool: readonly string[]
  readonly salt?: string
  readonly explain: boolean
  readonly force: boolean
  readonly readOnly: boolean
  /** False with `--no-save`. */
  readonly save: boolean
}

export interface CommandPlace {
  /** Where the command line was typed; absolute. */
  readonly cwd: string
  /** Absolute. */
  readonly projectRoot: string
}

/**
 * What a command line adds to a task. Its paths are relative to where it was typed, and its command
 * runs there; the configuration's are relative to the project root.
 */
export function createAdditions(
  options: RunOptions,
  words: readonly string[],
  place: CommandPlace,
): TaskAdditions {
  return {
    inputs: options.input.map((pattern) => patternFromRoot(pattern, place)),
    outputs: options.output.map(
      (output) => path.relative(place.projectRoot, path.resolve(place.cwd, output)) || '.',
    ),
    env: options.env,
    tools: options.tool,
    salt: options.salt,
    command: words.length === 0 ? undefined : { line: words, directory: place.cwd },
  }
}

/** A glob relative to the root that means what `pattern` means where it was typed. */
export function patternFromRoot(pattern: string, { cwd, projectRoot }: CommandPlace): string {
  const marks = /^[!?]*/.exec(pattern)?.[0] ?? ''
  const body = pattern.slice(marks.length)
  if (path.isAbsolute(body)) return marks + toSlashes(path.relative(projectRoot, body))
  const prefix = toSlashes(path.relative(projectRoot, cwd)).replaceAll(
    /[\\*?[\]{}()!]/g,
    String.raw`\$&`,
  )
  return prefix === '' ? pattern : marks + path.posix.join(prefix, body)
}

function toSlashes(relativePath: string): string {
  return relativePath.split(path.sep).join('/')
}
