import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { CPS_JARS, SANDBOX_JARS, fetchJars } from './maven-jars.ts'

/** A build that the player is to run. */
export interface BuildRequest {
  /** The Jenkinsfile's text. */
  readonly jenkinsfile: string
  /** Absolute. */
  readonly workspace: string
  /** What processes of the agent see, and `env` within `node`. */
  readonly agentEnv: Readonly<Record<string, string>>
  /** What Jenkins adds for the whole build: BRANCH_NAME, CHANGE_ID, … */
  readonly buildEnv?: Readonly<Record<string, string>>
  readonly agent?: 'unix' | 'windows'
  /** Secret text by the id of the credential. */
  readonly credentials?: Readonly<Record<string, string>>
  /** Variables that hold within `container('name')`. */
  readonly containers?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** What `sh` runs scripts by; Jenkins' setting "Shell executable". */
  readonly shell?: string
  /** The build is aborted when a line of its log contains this text. */
  readonly abortWhen?: string
  /** False for a Jenkins that does not set WORKSPACE_TMP yet. */
  readonly hasWorkspaceTmp?: boolean
  /** True for a library and a pipeline that are not trusted. */
  readonly isSandboxed?: boolean
  /** Folders with `vars` and `src`; the library of this repository unless given. */
  readonly library?: string
}

/** How a build ended. */
export interface Build {
  readonly result: 'SUCCESS' | 'FAILURE' | 'ABORTED'
  readonly log: string
  /** What the pipeline ended with, when it was not its end. */
  readonly error: { readonly type: string; readonly message: string | null } | null
  readonly steps: readonly PipelineStep[]
  /** How often the program was written out and read back. */
  readonly restarts: number
}

/** A step as it was taken. */
export interface PipelineStep {
  readonly name: string
  readonly parameters: Readonly<Record<string, string | null>>
  /** The parameter that was given without a name. */
  readonly value: string | null
  /** The variables that held there. */
  readonly env: Readonly<Record<string, string>>
}

/** A Jenkins without a server: Groovy of its line, its transformer, and steps that we play. */
export interface Jenkins extends AsyncDisposable {
  readonly groovyVersion: string
  /** Builds run one after the other. */
  build(request: BuildRequest): Promise<Build>
}

export const LIBRARY: string = path.resolve(import.meta.dirname, '../../../jenkins-library')
const PLAYER = path.join(LIBRARY, 'test/player')
const GROOVY = '/usr/share/java/groovy-all.jar'

/** Why this machine cannot play Jenkins; undefined when it can. */
export const whyNoJenkins: string | undefined = existsSync(GROOVY)
  ? undefined
  : 'Debian package groovy is not installed'

/** @throws {Error} when Groovy, or one of the jars, is not to be had. */
export async function openJenkins(): Promise<Jenkins> {
  if (whyNoJenkins !== undefined) throw new Error(whyNoJenkins)
  const jars = await fetchJars([...CPS_JARS, ...SANDBOX_JARS])
  const classPath = [GROOVY, ...jars, PLAYER, path.join(PLAYER, 'stubs')].join(path.delimiter)
  // A short life: neither the second compiler nor a collector with threads of its own pays off.
  const java = spawn(
    'java',
    [
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-Dfile.encoding=UTF-8',
      '-cp',
      classPath,
      'groovy.ui.GroovyMain',
      path.join(PLAYER, 'Player.groovy'),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: process.env['PATH'], LANG: 'C.UTF-8' } },
  )
  java.stdin.on('error', () => {})
  const answers = createInterface({ input: java.stdout })[Symbol.asyncIterator]()
  const ended = new Promise((resolve) => {
    java.once('error', resolve)
    java.once('close', resolve)
  })
  const { groovy } = await read<{ groovy: string }>(answers)
  let last: Promise<unknown> = Promise.resolve()
  return {
    groovyVersion: groovy,
    build: async (request) => {
      const turn = last.then(async () => {
        java.stdin.write(`${JSON.stringify(completed(request))}\n`)
        return await read<Build>(answers)
      })
      last = turn.catch(() => {})
      return await turn
    },
    [Symbol.asyncDispose]: async () => {
      java.stdin.end()
      await ended
    },
  }
}

function completed({ library = LIBRARY, ...request }: BuildRequest): unknown {
  return {
    agent: 'unix',
    buildEnv: {},
    credentials: {},
    containers: {},
    ...request,
    libraries: [library, PLAYER],
    permitted: path.join(PLAYER, 'permitted.txt'),
  }
}

/** The player is ours, and so is the shape of what it says. */
async function read<Answer>(answers: AsyncIterator<string>): Promise<Answer> {
  const { value, done } = await answers.next()
  if (done === true) throw new Error('The player of pipelines has ended; see what it printed')
  return JSON.parse(value) as Answer
}
