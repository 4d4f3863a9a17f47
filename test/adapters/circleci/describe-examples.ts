import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readSnippets } from '../../rig/read-snippets.ts'
import type { Values } from './bind-parameters.ts'
import { expandJob, expandSteps } from './expand-steps.ts'
import type { PlainStep } from './expand-steps.ts'
import type { Configuration, Orb, Step } from './orb.ts'

const README = path.resolve(import.meta.dirname, '../../../orbs/taskvault/README.md')

/** What the pages and the orb itself show: each is expanded, its parameters checked, as CircleCI does it. */
export function describeExamples(orb: Orb): void {
  const page = readFileSync(README, 'utf8')
  const shown = readSnippets(page)
    .filter(({ language }) => language === 'yaml')
    .map(({ text, line }) => [`line ${line}`, parse(text, { version: '1.1' })] as const)

  describe('what is shown can be used:', () => {
    test.each(Object.entries(orb.examples))('the example %s', (_, { usage }) => {
      expect(expandConfiguration(orb, usage).length).toBeGreaterThan(1)
    })

    test.each(shown)('the page, %s', (_, configuration) => {
      expect(expandConfiguration(orb, configuration as Configuration).length).toBeGreaterThan(1)
    })

    test('the page has a row for each parameter of each component', () => {
      for (const [name, { parameters = {} }] of Object.entries({ ...orb.commands, ...orb.jobs }))
        for (const parameter of Object.keys(parameters))
          expect(page, `${name}.${parameter}`).toContain(`| \`${parameter}\` |`)
    })
  })
}

/** All steps of all jobs of a configuration, the orb's and its own. */
function expandConfiguration(
  orb: Orb,
  { jobs = {}, workflows }: Configuration,
): readonly PlainStep[] {
  return Object.values(workflows)
    .flatMap((workflow) => workflow.jobs)
    .flatMap((job) => expandWorkflowJob(orb, jobs, job))
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
