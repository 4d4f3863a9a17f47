import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { packOrb, renderOrbPage } from '../../scripts/build-orb.ts'
import type { Parameters } from './case-table.ts'
import { describeExamples } from './circleci/describe-examples.ts'
import { describeExpansion } from './circleci/describe-expansion.ts'
import { describeJobs } from './circleci/describe-jobs.ts'
import { describeReview } from './circleci/describe-review.ts'
import { describeScripts } from './circleci/describe-scripts.ts'
import { expandCommand } from './circleci/expand-steps.ts'
import { readOrb } from './circleci/orb.ts'
import { runSteps } from './circleci/run-steps.ts'
import { describeCases } from './describe-cases.ts'
import type { AdapterResult } from './describe-cases.ts'

const ORB_FILE = path.join(import.meta.dirname, '../../orbs/taskvault/orb.yml')
/** What is published is what is tested: the packed form, with its escapes. */
const orb = readOrb(readFileSync(ORB_FILE, 'utf8'))

test('orb.yml and its page are made from their sources', () => {
  expect(readFileSync(ORB_FILE, 'utf8')).toBe(packOrb())
  const page = path.join(path.dirname(ORB_FILE), 'README.md')
  expect(readFileSync(page, 'utf8')).toBe(renderOrbPage())
})

describe('the command run_task', () => {
  describeCases({
    platform: 'circleci',
    calls: 'run',
    runJob: async ({ parameters, environment, project, standIn }) =>
      await attempt(async () => {
        const given = { ...givenOf(parameters), cli: standIn.command, keep: false }
        return await runSteps(expandCommand(orb, 'run_task', given), { project, environment })
      }),
  })
})

describeReview(orb)
describeExpansion(orb)
describeScripts()
describeJobs(orb)
describeExamples(orb)

/** What CircleCI refuses before the job begins is a failure of the pipeline with a message. */
async function attempt(work: () => Promise<AdapterResult>): Promise<AdapterResult> {
  try {
    return await work()
  } catch (error) {
    return { exitCode: 1, output: error instanceof Error ? error.message : String(error) }
  }
}

/** Lists are texts with a line for each value. */
function givenOf({
  inputs,
  outputs,
  env,
  tools,
  server,
  ...texts
}: Parameters): Record<string, unknown> {
  const lists = Object.entries({ inputs, outputs, env, tools })
    .filter(([, list]) => list !== undefined)
    .map(([name, list]) => [name, `${list?.join('\n')}\n`])
  const remote = server === undefined ? {} : { remote: server }
  return { ...texts, ...remote, ...Object.fromEntries(lists) }
}
