import {
  SEPARATOR,
  readSnippets,
  readSteps,
  scriptOf,
  withoutVariableParts,
} from './read-snippets.ts'
import type { Finished } from './rig.ts'

/** Runs a script in the project that a document speaks of. */
export type RunScript = (command: readonly string[]) => Promise<Finished>

export interface Document {
  readonly name: string
  readonly markdown: string
}

/**
 * Where a document and the commands disagree, in words. Every `bash` and `console` block is run, in
 * order, in one project; `console` blocks also say what is printed. `…` stands for the rest of a line,
 * and alone on a line for any lines.
 */
export async function findBrokenPromises(
  { name, markdown }: Document,
  run: RunScript,
): Promise<readonly string[]> {
  const broken: string[] = []
  for (const { language, text, line } of readSnippets(markdown)) {
    const place = `${name}:${line}`
    if (language === 'bash') broken.push(...(await runScript(run, text, place)))
    if (language === 'console') broken.push(...(await runSession(run, text, place)))
  }
  return broken
}

async function runScript(run: RunScript, text: string, place: string): Promise<readonly string[]> {
  const finished = await run(['bash', '-e', '-c', text])
  if (finished.exitCode === 0) return []
  return [`${place} fails with ${finished.exitCode}:\n${finished.stdout}${finished.stderr}`]
}

async function runSession(run: RunScript, text: string, place: string): Promise<readonly string[]> {
  const steps = readSteps(text)
  const { stdout } = await run(['bash', '-c', scriptOf(steps)])
  const printed = stdout.split(SEPARATOR).slice(1)
  return steps.flatMap(({ command, expected }, index) => {
    const found = printed[index] ?? ''
    if (patternOf(expected).test(`${withoutVariableParts(found)}\n`)) return []
    return [`${place}: $ ${command}\nshould print\n${expected.join('\n')}\nand prints\n${found}`]
  })
}

function patternOf(expected: readonly string[]): RegExp {
  const lines = withoutVariableParts(expected.join('\n')).split('\n')
  const patterns = lines.map((line) => {
    if (line === '…') return '(?:.*\\n)*?'
    const literals = line.split('…').map((literal) => RegExp.escape(literal))
    return `${literals.join('.*')}\\n`
  })
  return new RegExp(`^${patterns.join('')}$`)
}
