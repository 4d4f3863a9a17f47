import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readSnippets } from '../../rig/read-snippets.ts'
import type { Values } from './bind-parameters.ts'
import { expandJob, expandSteps } from './expand-steps.ts'
import type { PlainStep } from './expand-steps.ts'
import { openCircleCi } from './open-circleci.ts'
import type { CircleCi } from './open-circleci.ts'
import type { Configuration, Orb, Step } from './orb.ts'

const README = path.resolve(import.meta.dirname, '../../../orbs/taskvault/README.md')

/** A project that has what the examples speak of. */
const PROJECT = {
  'src/a.js': '1',
  'test/a.js': '1',
  'package.json': '{}',
  'package-lock.json': '{}',
  'packages/a/package.json': '{}',
  'packages/a/package-lock.json': '{}',
  '.taskvault/config.yaml': `tasks:
  unit_tests: { command: npm test, inputs: [src] }
  browser_tests: { command: npm run browser, inputs: [src] }
`,
}

/** What the pages and the orb itself show: each is expanded, its parameters checked, and run, twice. */
export function describeExamples(orb: Orb): void {
  const page = readFileSync(README, 'utf8')
  const onPage = readSnippets(page)
    .filter(({ language }) => language === 'yaml')
    .map(({ text, line }) => [`of the page, line ${line}`, parse(text, { version: '1.1' })])
  const ofOrb = Object.entries(orb.examples).map(([name, { usage }]) => [
    `${name} of the orb`,
    usage,
  ])

  describe('what is shown works:', () => {
    test.each([...ofOrb, ...onPage] as [string, Configuration][])(
      'the example %s',
      async (_, configuration) => {
        const circleCi = openCircleCi()
        const jobs = expandConfiguration(orb, withRemote(configuration, circleCi.remote))
        const isFresh = JSON.stringify(configuration).includes('"policy":"push"')

        const runAll = async (): Promise<string> => {
          const outputs = []
          for (const job of jobs) outputs.push(await runJob(circleCi, job))
          return outputs.join('')
        }

        await runAll()
        const worked = circleCi.work()
        const second = await runAll()

        expect(/✓ \S+: (?!saved)/.test(second)).toBe(!isFresh)
        expect(circleCi.work()).toEqual(isFresh ? [...worked, ...worked] : worked)
      },
      120_000,
    )

    test('the page has a row for each parameter of each component', () => {
      for (const [name, { parameters = {} }] of Object.entries({ ...orb.commands, ...orb.jobs }))
        for (const parameter of Object.keys(parameters))
          expect(page, `${name}.${parameter}`).toContain(`| \`${parameter}\` |`)
    })
  })
}

async function runJob(circleCi: CircleCi, job: readonly PlainStep[]): Promise<string> {
  const { exitCode, output } = await circleCi.runJob(job, PROJECT)
  expect(exitCode, output).toBe(0)
  expect(output).not.toContain('warning:')
  return output
}

function withRemote(configuration: Configuration, remote: string): Configuration {
  const text = JSON.stringify(configuration).replaceAll('https://vault.example.com', remote)
  return JSON.parse(text) as Configuration
}

/** The steps of each job of a configuration, the orb's and its own. */
function expandConfiguration(
  orb: Orb,
  { jobs = {}, workflows }: Configuration,
): readonly (readonly PlainStep[])[] {
  return Object.values(workflows)
    .flatMap((workflow) => workflow.jobs)
    .map((job) => expandWorkflowJob(orb, jobs, job))
}

/** Parameters that every job of a workflow may be given. */
const OF_WORKFLOWS = ['name', 'requires', 'filters', 'context', 'matrix', 'pre-steps', 'post-steps']

function expandWorkflowJob(
  orb: Orb,
  own: NonNullable<Configuration['jobs']>,
  job: Step,
): readonly PlainStep[] {
  const [[name, given = {}] = ['', {}]] =
    typeof job === 'string' ? [[job, {}] as const] : Object.entries(job)
  const defined = own[name]
  if (defined !== undefined) return expandSteps(orb, (defined.steps ?? []).map(withoutPipeline), {})
  const parameters = Object.entries({
    ...(withoutPipeline(given) as Values),
    ...firstOfMatrix(given),
  }).filter(([parameter]) => !OF_WORKFLOWS.includes(parameter))
  return expandJob(orb, name.replace(/^taskvault\//, ''), Object.fromEntries(parameters))
}

/** The parameters that a matrix gives the first of its jobs. */
function firstOfMatrix(given: unknown): Values {
  const { matrix } = given as { matrix?: { parameters: Record<string, readonly unknown[]> } }
  return Object.fromEntries(
    Object.entries(matrix?.parameters ?? {}).map(([name, [first]]) => [name, first]),
  )
}

/** Values of the pipeline and of the matrix are the configuration's to fill in, and texts by then. */
function withoutPipeline<Value>(value: Value): Value {
  const text = JSON.stringify(value).replaceAll(/<<\s*(pipeline|matrix)\.[\w.]+\s*>>/g, 'true')
  return JSON.parse(text) as Value
}
