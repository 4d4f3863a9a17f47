/** A fenced block of a Markdown document. */
export interface Snippet {
  /** The word after the fence: `bash`, `console`, `yaml`. */
  readonly language: string
  readonly text: string
  /** Where it begins in the document, counted from 1. */
  readonly line: number
}

/** One command of a `console` block, and what the document says that it prints. */
export interface Step {
  readonly command: string
  readonly expected: readonly string[]
}

/** All fenced blocks of a document, in order. */
export function readSnippets(markdown: string): readonly Snippet[] {
  const fences = markdown.matchAll(/^```(\w*)[^\n]*\n(.*?)^```$/gms)
  return Array.from(fences, ({ 1: language = '', 2: text = '', index }) => ({
    language,
    text,
    line: markdown.slice(0, index).split('\n').length,
  }))
}

/** The commands of a `console` block: `$ ` begins one, and `> ` continues it on the next line. */
export function readSteps(text: string): readonly Step[] {
  const steps: { command: string; expected: string[] }[] = []
  for (const line of text.trimEnd().split('\n')) {
    const last = steps.at(-1)
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), expected: [] })
    else if (last === undefined)
      throw new Error(`A console block begins with "$ ", not with ${line}`)
    else if (line.startsWith('> ') && last.expected.length === 0)
      last.command += `\n${line.slice(2)}`
    else last.expected.push(line)
  }
  return steps
}

/** A shell script that runs all steps, and separates what they print with `SEPARATOR`. */
export function scriptOf(steps: readonly Step[]): string {
  // The status is carried over the separator, so that `echo $?` sees the command before.
  const separate = `status=$?; printf '${SEPARATOR}'; (exit $status)`
  return ['exec 2>&1', ...steps.flatMap(({ command }) => [separate, command])].join('\n')
}

export const SEPARATOR = '\u001E'

/**
 * Text with what differs from run to run replaced: digests, durations, ages, sizes,
 * times of day. Documents show real values, and this is what is compared.
 */
export function withoutVariableParts(text: string): string {
  return text
    .replace(/\b[0-9a-f]{8}(\.\.\.|…|[0-9a-f]{56}\b)/g, '<digest>')
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, '<time>')
    .replace(/\b\d+(\.\d+)? ?(ms|s|min|h|bytes|B|KB|MB|GB|KiB|MiB|GiB)\b/g, '<amount>')
    .replace(/\bjust now\b|\b\d+ (second|minute)s? ago\b/g, '<age>')
    .replace(/\b\d+(\.\d+)?%/g, '<share>')
    .trimEnd()
}
