import path from 'node:path'
import process from 'node:process'
import type { Parameters } from '../case-table.ts'
import type { Adapter, AdapterJob } from '../describe-cases.ts'
import type { Jenkins } from './open-jenkins.ts'
import { groovyText, scripted } from './pipeline-text.ts'

/** The step as one of the adapters that share a table of cases. */
export function createJenkinsAdapter(jenkins: () => Jenkins): Adapter {
  return {
    platform: 'jenkins',
    calls: 'halves',
    // Switches instead: readOnly and force.
    lacks: ['policy'],
    runJob: async (job) => {
      const { result, log } = await jenkins().build({
        jenkinsfile: jenkinsfileOf(job),
        workspace: job.project,
        agentEnv: { PATH: [job.standIn.binDirectory, process.env['PATH']].join(path.delimiter) },
        buildEnv: job.environment,
      })
      return { exitCode: result === 'SUCCESS' ? 0 : 1, output: log }
    },
  }
}

function jenkinsfileOf({ parameters }: AdapterJob): string {
  const { directory, command = 'true' } = parameters
  const step = `taskvaultCache(${groovyParameters(parameters)}) { sh ${groovyText(command)} }`
  return scripted(directory === undefined ? step : `dir(${groovyText(directory)}) { ${step} }`)
}

function groovyParameters(parameters: Parameters): string {
  return Object.entries(parameters)
    .filter(([name]) => name !== 'directory')
    .map(([name, value]) => `${name === 'server' ? 'remote' : name}: ${groovyValue(value)}`)
    .join(', ')
}

function groovyValue(value: string | readonly string[]): string {
  return typeof value === 'string' ? groovyText(value) : `[${value.map(groovyText).join(', ')}]`
}
