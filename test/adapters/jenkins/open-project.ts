import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { openRig } from '../../rig/rig.ts'
import type { Rig } from '../../rig/rig.ts'
import type { Build, BuildRequest, Jenkins } from './open-jenkins.ts'

/** A project that is a Jenkins workspace, with the real command line on its agent. */
export interface JenkinsProject extends AsyncDisposable {
  readonly rig: Rig
  /** Runs a Jenkinsfile. What a stage does to be seen, it does by `work`, which counts its calls. */
  build(jenkinsfile: string, request?: Partial<BuildRequest>): Promise<Build>
  /** The words that `work` was called with, a call a line. */
  calls(): readonly string[]
  /** Starts the count again. */
  forgetCalls(): void
}

/**
 * The agent has `work WORDS…`, which notes its words, copies `src/a.txt` to `out.txt` and prints
 * `working`.
 */
export async function openJenkinsProject(
  jenkins: Jenkins,
  files: Readonly<Record<string, string>> = {},
): Promise<JenkinsProject> {
  const rig = openRig({ 'src/a.txt': 'one', ...files })
  rig.addCommand(
    'work',
    'echo "$*" >> "$HOME/calls"\ncat src/a.txt 2>/dev/null > out.txt\necho working',
  )
  const agentEnv = parseEnvironment((await rig.run(['env'])).stdout)
  const calls = path.join(agentEnv['HOME'] ?? '', 'calls')
  writeFileSync(calls, '')
  return {
    rig,
    build: async (jenkinsfile, { agentEnv: more, buildEnv, ...request } = {}) =>
      await jenkins.build({
        jenkinsfile,
        workspace: rig.project,
        agentEnv: { ...agentEnv, ...more },
        buildEnv: { JENKINS_URL: 'http://jenkins.example/', BRANCH_NAME: 'main', ...buildEnv },
        ...request,
      }),
    calls: () => readFileSync(calls, 'utf8').split('\n').slice(0, -1),
    forgetCalls: () => writeFileSync(calls, ''),
    [Symbol.asyncDispose]: async () => await rig[Symbol.asyncDispose](),
  }
}

function parseEnvironment(lines: string): Record<string, string> {
  return Object.fromEntries(
    lines
      .trimEnd()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}
