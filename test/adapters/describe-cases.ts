import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { TABLE } from './case-table.ts'
import type { Parameters } from './case-table.ts'
import { createStandIn } from './recording-stand-in.ts'
import type { StandIn } from './recording-stand-in.ts'

/*
 * One table for all adapters: cases.json says what is asked of an adapter, on which platform, and how
 * the command line must be called for it. `describeCases(adapter)` registers a test for each case;
 * an adapter's own test file (test/adapters/<platform>.test.ts) says how its platform is given
 * parameters, in an `Adapter` of a few lines.
 *
 * A case has `parameters` (by the names below; an adapter spells them as its platform does), the
 * `platform` whose variables are set (`push` unless told), and what is expected: the `words` after
 * `run` or `restore`, the `directory` of the call within the project, and what is in its
 * `environment`. Options may come in any order; values of one option keep theirs. What the adapter
 * needs for itself (`--state`, `--json`, `--result`, `--show-key`, `--quiet`) is not compared.
 *
 * The stand-in answers with a hit unless told otherwise. Of an adapter with two calls it is tested as
 * well that a miss runs the body once and saves it; of one with a single call, that its status
 * arrives. `refused` lists parameters that must be
 * refused, before anything is called, by one message that names the parameter and the value.
 *
 * The GitHub Action and the git hooks call no command line: core is in them. For what they make of the
 * same cases, see describe-keys.ts.
 */

export interface AdapterJob {
  readonly parameters: Parameters
  /** Variables of the platform, to be set for all that the job starts. */
  readonly environment: Readonly<Record<string, string>>
  /** The checked-out project; absolute, empty but for the directories that the case names. */
  readonly project: string
  readonly standIn: StandIn
}

/** How a job ended: its status, and all that it printed. */
export interface AdapterResult {
  readonly exitCode: number
  readonly output: string
}

export interface Adapter {
  readonly platform: 'github' | 'gitlab' | 'circleci' | 'jenkins' | 'hooks'
  /** `run`: one call does it all. `halves`: the adapter runs the command between two calls. */
  readonly calls: 'run' | 'halves'
  /** Parameters that the platform has no words for; cases with them are left out. */
  readonly lacks?: readonly (keyof Parameters)[]
  /** Runs one job to its end; the stand-in is found where the platform would find the command. */
  runJob(job: AdapterJob): Promise<AdapterResult>
}

/** A status that says nothing else to anybody. */
const FAILURE = 42

/** Registers the tests of the table for one adapter. */
export function describeCases(adapter: Adapter): void {
  const lacks = new Set<string>(adapter.lacks ?? [])
  const isPossible = ({ parameters }: { readonly parameters: Parameters }): boolean =>
    Object.keys(parameters).every((name) => !lacks.has(name))

  describe('calls the command line for', () => {
    test.each(TABLE.cases.filter(isPossible))('$name', async (each) => {
      const { job, result } = await play(adapter, each)

      const [first, ...more] = job.standIn.calls()
      const verb = adapter.calls === 'run' ? 'run' : 'restore'
      expect(result.exitCode, result.output).toBe(0)
      expect(more, 'a hit needs one call').toEqual([])
      expect(first && normalise(first.words)).toEqual(normalise([verb, ...each.words]))
      expect(first?.directory).toBe(path.join(job.project, each.directory ?? '.'))
      expect(first?.environment).toMatchObject(each.environment ?? {})
    })
  })

  describe('passes on', () => {
    if (adapter.calls === 'run') describeStatus(adapter)
    else describeBody(adapter)
  })

  test.each(TABLE.refused.filter(isPossible))(
    'refuses $parameter $value before anything is called',
    async ({ parameters, parameter, value }) => {
      const { job, result } = await play(adapter, { parameters })

      expect(result.exitCode).not.toBe(0)
      expect(result.output).toContain(parameter)
      expect(result.output).toContain(value)
      expect(job.standIn.calls()).toEqual([])
    },
  )
}

const BODY = { task: 'unit_tests', command: 'echo done >> body.log' }

function describeStatus(adapter: Adapter): void {
  test('the status that the command ended with', async () => {
    const { job, result } = await play(adapter, { parameters: BODY, answers: { run: FAILURE } })

    expect(result.exitCode, result.output).toBe(FAILURE)
    expect(job.standIn.calls()).toHaveLength(1)
  })
}

function describeBody(adapter: Adapter): void {
  test('a miss: the body runs, and is saved', async () => {
    const { job, result } = await play(adapter, { parameters: BODY, answers: { restore: 1 } })

    expect(result.exitCode, result.output).toBe(0)
    expect(job.standIn.calls().map(({ words }) => words.slice(0, 2))).toEqual([
      ['restore', 'unit_tests'],
      ['save', 'unit_tests'],
    ])
    expect(readFileSync(path.join(job.project, 'body.log'), 'utf8')).toBe('done\n')
  })

  test('a failure of the body, which is saved by the policy only', async () => {
    const parameters = { ...BODY, command: `exit ${FAILURE}` }
    const { job, result } = await play(adapter, { parameters, answers: { restore: 1 } })

    expect(result.exitCode, result.output).not.toBe(0)
    const saves = job.standIn.calls().filter(({ words }) => words[0] === 'save')
    expect(saves.every(({ words }) => words.includes('--exit-code'))).toBe(true)
  })
}

interface Play {
  readonly parameters: Parameters
  readonly platform?: string
  readonly directory?: string
  readonly answers?: Readonly<Record<string, number>>
}

async function play(
  adapter: Adapter,
  { parameters, platform = 'push', directory = '.', answers = {} }: Play,
): Promise<{ readonly job: AdapterJob; readonly result: AdapterResult }> {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'taskvault-adapter-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const project = path.join(root, 'project')
  mkdirSync(path.join(project, directory), { recursive: true })
  const standIn = createStandIn(path.join(root, 'stand-in'))
  standIn.answer(answers)
  const environment = TABLE.platforms[platform]?.[adapter.platform]
  if (environment === undefined)
    throw new Error(`cases.json has no ${platform} on ${adapter.platform}`)
  const job = { parameters, environment, project, standIn }
  return { job, result: await adapter.runJob(job) }
}

/** Options of the adapter's own, with how many words follow each. */
const OWN_OPTIONS: Readonly<Record<string, number>> = {
  '--state': 1,
  '--result': 1,
  '--json': 0,
  '--quiet': 0,
  '--show-key': 0,
}
const FLAGS = new Set(['--read-only', '--force', '--no-save'])

/** A call by verb, task, and for each option its values in their order; the options in any order. */
function normalise(words: readonly string[]): unknown {
  const options: Record<string, string[]> = {}
  const operands: string[] = []
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    const own = OWN_OPTIONS[word]
    if (own !== undefined) at += own
    else if (FLAGS.has(word)) options[word] = []
    else if (!word.startsWith('--')) operands.push(word)
    else (options[word] ??= []).push(words[(at += 1)] ?? '')
  }
  return { operands, options }
}
