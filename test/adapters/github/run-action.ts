import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** One machine of a runner, with a checkout. */
export interface Machine {
  readonly workspace: string
  /** Of the whole job; a test may change it. */
  readonly env: Record<string, string>
}

export interface Step {
  /** `INPUT_…`, by the names in action.yml. */
  readonly inputs: Readonly<Record<string, string>>
  /** As the runner calls them: the file in dist, without its ending. */
  readonly entry?: 'main' | 'post' | 'restore' | 'save'
  /** What an earlier half has saved. */
  readonly state?: Readonly<Record<string, string>>
  /** Of this step alone. */
  readonly env?: Readonly<Record<string, string>>
  /** Where the action lies; the one that was built unless told. */
  readonly dist?: string
  readonly onStart?: (action: ChildProcess) => void
}

export interface Done {
  readonly exitCode: number | null
  /** Both streams. */
  readonly log: string
  readonly outputs: Readonly<Record<string, string>>
  readonly state: Readonly<Record<string, string>>
  readonly summary: string
  /** What was written to GITHUB_ENV. */
  readonly variables: Readonly<Record<string, string>>
  /** Lines that were written to GITHUB_PATH. */
  readonly directories: readonly string[]
}

const DIST = path.resolve(import.meta.dirname, '../../../actions/cache-action/dist')

/** A machine where nothing has ever run. */
export function createMachine(service: { readonly url: string; readonly key: string }): Machine {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'taskvault-action-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const [workspace = '', temporary = '', tools = '', home = ''] = ['work', 'temp', 'tools', 'home']
    .map((name) => path.join(root, name))
    .map((directory) => (mkdirSync(directory), directory))
  return {
    workspace,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: workspace,
      GITHUB_REF: 'refs/heads/main',
      GITHUB_REF_NAME: 'main',
      GITHUB_EVENT_NAME: 'push',
      RUNNER_TEMP: temporary,
      RUNNER_TOOL_CACHE: tools,
      ACTIONS_RESULTS_URL: `${service.url}/`,
      ACTIONS_RUNTIME_TOKEN: service.key,
      ACTIONS_CACHE_SERVICE_V2: 'True',
    },
  }
}

/** Files of the checkout, by their paths. */
export function writeFiles({ workspace }: Machine, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(workspace, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
}

/** Runs one half of the built action as the runner does. */
export async function runAction(machine: Machine, step: Step): Promise<Done> {
  const { inputs, entry = 'main', state = {}, dist = DIST, onStart } = step
  const command = [process.execPath, path.join(dist, `${entry}.mjs`)]
  const env = { ...step.env, ...named('INPUT_', inputs), ...named('STATE_', state) }
  return await runStep(machine, command, { env, onStart })
}

const FILES = ['GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_STEP_SUMMARY']

interface StepOptions {
  readonly env: Readonly<Record<string, string>>
  readonly onStart?: ((child: ChildProcess) => void) | undefined
}

/** Runs a command as the runner does, with files of its own for what it has to say. */
export async function runStep(
  machine: Machine,
  [file = '', ...words]: readonly string[],
  { env, onStart = () => {} }: StepOptions,
): Promise<Done> {
  const temporary = machine.env['RUNNER_TEMP'] ?? path.dirname(machine.workspace)
  const directory = mkdtempSync(path.join(temporary, 'step-'))
  const places = Object.fromEntries(FILES.map((name) => [name, path.join(directory, name)]))
  for (const place of Object.values(places)) writeFileSync(place, '')
  const child = spawn(file, words, {
    cwd: machine.workspace,
    env: { ...machine.env, ...places, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onStart(child)
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  const read = (name: string): string => readFileSync(places[name] ?? '', 'utf8')
  return {
    exitCode: await ended,
    log: out + err,
    outputs: parseAssignments(read('GITHUB_OUTPUT')),
    state: parseAssignments(read('GITHUB_STATE')),
    variables: parseAssignments(read('GITHUB_ENV')),
    directories: read('GITHUB_PATH')
      .split('\n')
      .filter((line) => line !== ''),
    summary: read('GITHUB_STEP_SUMMARY'),
  }
}

function named(prefix: string, values: Readonly<Record<string, string>>): Record<string, string> {
  const upper = prefix === 'INPUT_'
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      prefix + (upper ? name.toUpperCase() : name),
      value,
    ]),
  )
}

/** As the runner reads them: `name<<END`, lines, `END`; or `name=value`. */
function parseAssignments(content: string): Record<string, string> {
  const found: Record<string, string> = {}
  const lines = content.split('\n')
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    const [, name, delimiter] = /^([^=<]+)<<(.+)$/.exec(line) ?? []
    if (name !== undefined && delimiter !== undefined) {
      const end = lines.indexOf(delimiter, at + 1)
      if (end === -1) throw new Error(`no end of ${name}`)
      found[name] = lines.slice(at + 1, end).join('\n')
      at = end
    } else if (line.includes('=')) {
      found[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1)
    }
  }
  return found
}

/** A cache of packages, as most projects have one. */
export const WORK = {
  task: 'deps',
  inputs: 'package-lock.json\nsrc/**\n!src/**/*.md',
  path: 'node_modules',
}

let tasks = 0
/** Tests of one server do not meet. */
export function uniqueTask(): string {
  tasks += 1
  return `task-${process.pid}-${tasks}`
}

/** The other half of a step. */
export async function post(
  machine: Machine,
  inputs: Readonly<Record<string, string>>,
  { state }: Done,
): Promise<Done> {
  return await runAction(machine, { entry: 'post', inputs, state })
}

export function contentOf({ workspace }: Machine, name: string): string {
  return readFileSync(path.join(workspace, name), 'utf8')
}
