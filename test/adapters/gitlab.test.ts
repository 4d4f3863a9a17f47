import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Parameters } from './case-table.ts'
import { describeCases } from './describe-cases.ts'
import type { Adapter } from './describe-cases.ts'
import { checkInputs, fillIn, readComponent } from './gitlab/component.ts'
import { whyWithout } from './gitlab/debian-tools.ts'
import { describeComponents } from './gitlab/describe-components.ts'
import { describeHiddenJobs } from './gitlab/describe-hidden-jobs.ts'
import { describeSetup } from './gitlab/describe-setup.ts'
import { runJob } from './gitlab/run-job.ts'
import { createStandIn } from './recording-stand-in.ts'

const RUN = path.join(import.meta.dirname, '../../gitlab-templates/templates/run/template.yml')

for (const shell of [
  ['bash', '-e', '-o', 'pipefail'],
  ['sh', '-e'],
  ['busybox', 'sh', '-e'],
]) {
  const whyNot = whyWithout(shell[0] ?? '')
  const because = whyNot === undefined ? '' : ` (${whyNot})`
  describe.skipIf(whyNot !== undefined)(`the run component, in ${shell[0]}${because},`, () => {
    describeCases(createAdapter(shell))
  })
}

test('a variable that GitLab may expand would lose what looks like one', async () => {
  const expanded = readFileSync(RUN, 'utf8').replaceAll('expand: false', 'expand: true')
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-expanded-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = path.join(directory, 'template.yml')
  writeFileSync(file, expanded)
  const standIn = createStandIn(directory)

  const inputs = { task: 't', salt: 'a$MISSING', cli: standIn.command }
  for (const each of [RUN, file]) {
    const [job] = Object.values(fillIn(readComponent(each), inputs))
    await runJob(job, { shell: ['sh', '-e'], project: directory, environment: {} })
  }

  expect(standIn.calls().map(({ words }) => words[3])).toEqual(['a$MISSING', 'a'])
})

describeComponents()
describeSetup()
describeHiddenJobs()

function createAdapter(shell: readonly string[]): Adapter {
  const component = readComponent(RUN)
  return {
    platform: 'gitlab',
    calls: 'run',
    runJob: async ({ parameters, environment, project, standIn }) => {
      const inputs = { ...inputsOf(parameters), cli: standIn.command }
      const refusals = checkInputs(component, inputs)
      if (refusals.length > 0) return { exitCode: 1, output: refusals.join('\n') }
      const [job] = Object.values(fillIn(component, inputs))
      return await runJob(job, { shell, project, environment })
    },
  }
}

/** Lists are texts with a line for each, which is how a list arrives in one piece at a script. */
function inputsOf({
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
