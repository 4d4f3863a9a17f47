import { describe } from 'vitest'
import { describeKeys } from './describe-keys.ts'
import type { KeyJob, KeyResult } from './describe-keys.ts'
import { createMachine, runAction } from './github/run-action.ts'

/* The built action on the cases that all adapters share. `--force` and another vault have no words there. */

describe('the action', () => {
  describeKeys({ platform: 'github', lacks: ['server', 'policy=push', 'policy=sometimes'], runJob })
})

async function runJob({ parameters, environment, project }: KeyJob): Promise<KeyResult> {
  const { env } = createMachine({ url: 'http://127.0.0.1:9', key: '' })
  const machine = { workspace: project, env: { ...env, GITHUB_WORKSPACE: project, ...environment } }
  const { task, command, inputs, outputs, env: names, tools, salt, directory, policy } = parameters
  const lists = Object.entries({ inputs, path: outputs, env: names, tools }).map(
    ([name, list = []]) => [name, list.join('\n')] as const,
  )
  const texts = { task, run: command, salt, 'working-directory': directory }
  const given = Object.entries(texts).map(([name, text = '']) => [name, text] as const)
  const done = await runAction(machine, {
    inputs: {
      ...Object.fromEntries([...lists, ...given]),
      'read-only': String(policy === 'pull'),
      remote: 'off',
    },
  })
  return { exitCode: done.exitCode, output: done.log, key: done.outputs['cache-primary-key'] }
}
