import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { TABLE } from './case-table.ts'
import type { Case, Parameters } from './case-table.ts'

/*
 * The table of cases for adapters that call no command line, because core is in them. No stand-in can
 * record what they call, so they do the work in a real project with a real vault, and then the real
 * command line is asked, with the words of the case, what it would do: it has to name the same key,
 * which is made of task, command, directory, contents of inputs, variables, tools and salt; and it has to call it a hit,
 * which an entry with other outputs is not. What is not to be saved must be a miss.
 */

export interface KeyJob {
  readonly parameters: Parameters
  /** All that processes of this job are given. */
  readonly environment: Readonly<Record<string, string>>
  /** A git repository, with files for the inputs of all cases. */
  readonly project: string
}

export interface KeyResult {
  readonly exitCode: number | null
  /** All that it printed. */
  readonly output: string
  /** That the adapter names. */
  readonly key: string | undefined
}

export interface KeyAdapter {
  readonly platform: 'github' | 'hooks'
  /** Parameters, or single values of one (`policy=push`), that the platform has no words for. */
  readonly lacks: readonly string[]
  runJob(job: KeyJob): Promise<KeyResult>
}

/** For every input of the table, one file that it selects; and outputs that are paths, which no command here makes. */
const SELECTED = ['a b/1.txt', '$HOME/x', '-n', '`date`', `"q" 'q'`, '*', '%PATH%', '源/a']
const SOURCES = ['src/a.ts', 'src/notes.md', 'packages/a b/src/a.ts']
const MADE = ['coverage/all', 'results.xml', 'packages/a b/results.xml', 'out $(id) dir', '--help']
const FILES = [...SELECTED, ...SOURCES, ...MADE, 'вывод']
/** Makes what patterns select, which no commit may have. */
const NPM = `#!/bin/sh
[ "$3" != --workspaces ] || { mkdir -p 'packages/a b/dist'; echo made > 'packages/a b/dist/a.js'; }
`
const DECLARED = { unit_tests: { command: 'npm test', inputs: ['src/**'] } }
const CLI = path.resolve(import.meta.dirname, '../../packages/cli/bin/taskvault.js')

/** Registers the tests of the table for one adapter. */
export function describeKeys(adapter: KeyAdapter): void {
  const isPossible = ({ parameters }: { readonly parameters: Parameters }): boolean =>
    Object.entries(parameters).every(
      ([name, value]) =>
        !adapter.lacks.includes(name) && !adapter.lacks.includes(`${name}=${String(value)}`),
    )

  test.each(TABLE.cases.filter(isPossible))(
    'has the key of the command line for $name',
    async (each) => {
      const job = openJob(adapter, each)

      const { exitCode, output, key } = await adapter.runJob(job)

      expect(exitCode, output).toBe(0)
      expect(key).toMatch(/^[0-9a-f]{64}$/)
      const isFork = each.platform === 'fork' && adapter.platform === 'github'
      const isSaved = !each.words.includes('--read-only') && !isFork
      expect(await ask(job, each)).toEqual({ key, decision: isSaved ? 'hit' : 'miss' })
      // The control: one more word is another key.
      const other = { ...each, words: [...each.words, '--salt', 'other'] }
      expect(await ask(job, other)).not.toHaveProperty('key', key)
    },
  )

  describe('refuses before anything is looked up', () => {
    test.each(TABLE.refused.filter(isPossible))(
      '$parameter $value',
      async ({ parameters, parameter, value }) => {
        const job = openJob(adapter, { parameters })

        const { exitCode, output } = await adapter.runJob(job)

        expect(exitCode).not.toBe(0)
        expect(output).toContain(parameter)
        expect(output).toContain(value)
        expect(existsSync(job.environment['TASKVAULT_CACHE_DIR'] ?? '')).toBe(false)
      },
    )
  })
}

function openJob(
  { platform }: KeyAdapter,
  { parameters, platform: on = 'push' }: Pick<Case, 'parameters' | 'platform'>,
): KeyJob {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'taskvault-keys-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const [project, bin] = [path.join(root, 'project'), path.join(root, 'bin')]
  for (const name of FILES) write(path.join(project, name), `content of ${name}`)
  declareTasks(project, DECLARED)
  write(path.join(bin, 'npm'), NPM)
  execFileSync('chmod', ['+x', path.join(bin, 'npm')])
  execFileSync('git', ['init', '-q', '-b', 'main', project])
  const environment = {
    PATH: [bin, process.env['PATH']].join(path.delimiter),
    HOME: root,
    CI: 'true',
    NODE_ENV: 'test',
    TASKVAULT_CACHE_DIR: path.join(root, 'cache'),
    ...TABLE.platforms[on]?.[platform],
  }
  return { parameters, environment, project }
}

/** Writes the configuration of a project anew. */
export function declareTasks(project: string, tasks: Readonly<Record<string, object>>): void {
  write(path.join(project, '.taskvault/config.yaml'), JSON.stringify({ tasks }))
}

function write(file: string, content: string): void {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, content)
}

/** What `taskvault run` would do. */
async function ask(
  { project, environment }: KeyJob,
  { words, directory = '.' }: Case,
): Promise<unknown> {
  declareTasks(project, DECLARED)
  const all = [CLI, '-C', path.join(project, directory), 'run', ...words, '--json']
  const { stdout } = await promisify(execFile)(process.execPath, all, { env: environment })
  const { key, decision } = JSON.parse(stdout) as Record<string, unknown>
  return { key, decision }
}
