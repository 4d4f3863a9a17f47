import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { bytesBelow } from '../data/walk.ts'
import { ACTIONS_CACHE } from '../machine/tools.ts'
import type { Sample } from '../measure/row.ts'
import type { Command } from '../measure/run-timed.ts'
import { type Bench, copyTree, execute, freshPath, remove, time } from './bench.ts'
import { type BenchServer, startLine, startServer } from './server-parts.ts'
import type { Line } from './server-parts.ts'

/** An action as it is published: its halves are files, and Node runs them. */
export interface PublishedAction {
  readonly name: string
  readonly main: string
  readonly post: string
}

export const OURS: PublishedAction = {
  name: 'taskvault',
  main: join(actionDirectory(), 'dist/main.mjs'),
  post: join(actionDirectory(), 'dist/post.mjs'),
}

export function peerAction(): PublishedAction {
  const checkout = process.env[ACTIONS_CACHE] ?? ''
  return {
    name: 'actions/cache',
    main: join(checkout, 'dist/restore/index.js'),
    post: join(checkout, 'dist/save/index.js'),
  }
}

function actionDirectory(): string {
  // The action is private, and no package that others depend on.
  const cli = createRequire(import.meta.url).resolve('@taskvault/cli/package.json')
  return join(dirname(cli), '../../actions/cache-action')
}

/** A runner, and the cache service that its jobs use. */
export interface ActionMachine {
  readonly workspace: string
  readonly modules: string
  /** Takes one half of a step for its figures; `storedBytes` is what the service has grown by. */
  take(half: Half): Sample
  /** Runs one half of a step for what it leaves behind. */
  run(half: Half): void
  /** What the halves have saved for the post step since the machine was cleaned. */
  state(): Readonly<Record<string, string>>
  /** Forgets all that the runner and its service know; the workspace stays. */
  clean(what: 'runner' | 'all'): void
  /** Keeps what the runner and its service know under a name; `restore` brings it back. */
  keep(name: string): void
  bringBack(name: string): void
  stop(): void
}

export interface Half {
  readonly file: string
  readonly inputs: Readonly<Record<string, string>>
  readonly state?: Readonly<Record<string, string>>
}

const RUNNER_FILES = ['GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_ENV', 'GITHUB_STEP_SUMMARY']

/** @param oneWayMs how far away the service is; undefined: on this machine. */
export function createActionMachine(bench: Bench, name: string, oneWayMs?: number): ActionMachine {
  const root = freshPath(bench, 'action', name)
  const service = join('action', name, 'service')
  const place = (...names: readonly string[]): string => join(root, ...names)
  const workspace = place('workspace')
  mkdirSync(workspace, { recursive: true })
  let server: BenchServer | undefined
  let line: Line | undefined
  const stop = (): void => {
    line?.stop()
    server?.stop()
    server = line = undefined
  }
  const command = ({ file, inputs, state = {} }: Half): Command => {
    server ??= startServer(bench, { name: service })
    if (oneWayMs !== undefined) line ??= startLine(bench, { to: server, oneWayMs })
    const files = RUNNER_FILES.map((each): [string, string] => [each, place('runner', each)])
    return {
      file: process.execPath,
      args: [file],
      cwd: workspace,
      env: {
        ...jobVariables({ ...server, ...line }, { workspace, runner: place('runner') }),
        ...Object.fromEntries(files),
        ...prefixed('INPUT_', inputs),
        ...prefixed('STATE_', state),
      },
    }
  }
  const stored = (): number => bytesBelow(place('service', 'data', 'blobs'))
  return {
    workspace,
    modules: join(workspace, 'node_modules'),
    take(half) {
      const prepared = command(half)
      const before = stored()
      const sample = time(bench, prepared)
      return { ...sample, storedBytes: stored() - before }
    },
    run: (half) => execute(bench, command(half)),
    state: () => readAssignments(readFileSync(place('runner', 'GITHUB_STATE'), 'utf8')),
    clean(what) {
      if (what === 'all') {
        stop()
        remove(place('service'))
        mkdirSync(place('service', 'data', 'blobs'), { recursive: true })
      }
      remove(place('runner'))
      for (const directory of ['temp', 'tools', 'home'])
        mkdirSync(place('runner', directory), { recursive: true })
      for (const file of RUNNER_FILES) writeFileSync(place('runner', file), '')
    },
    keep(kept) {
      stop()
      remove(place('kept'))
      for (const part of ['runner', 'service']) copyTree(place(part), place('kept', kept, part))
    },
    bringBack(kept) {
      stop()
      for (const part of ['runner', 'service']) copyTree(place('kept', kept, part), place(part))
    },
    stop,
  }
}

/** What a runner tells every action of a job. */
export function jobVariables(
  service: { readonly url: string; readonly key: string },
  { workspace, runner }: { readonly workspace: string; readonly runner: string },
): Record<string, string> {
  return {
    HOME: join(runner, 'home'),
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: workspace,
    GITHUB_REF: 'refs/heads/main',
    GITHUB_REF_NAME: 'main',
    GITHUB_EVENT_NAME: 'push',
    RUNNER_OS: 'Linux',
    RUNNER_TEMP: join(runner, 'temp'),
    RUNNER_TOOL_CACHE: join(runner, 'tools'),
    ACTIONS_RESULTS_URL: `${service.url}/`,
    ACTIONS_RUNTIME_TOKEN: service.key,
    ACTIONS_CACHE_SERVICE_V2: 'True',
  }
}

export function prefixed(
  prefix: 'INPUT_' | 'STATE_',
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  const named = (name: string): string => (prefix === 'INPUT_' ? name.toUpperCase() : name)
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [prefix + named(name), value]),
  )
}

/** As the runner reads them: `name<<END`, lines, `END`. */
function readAssignments(text: string): Record<string, string> {
  const found = text.matchAll(/^([^=<\n]+)<<(.+)\n([^]*?)\n\2$/gm)
  return Object.fromEntries(Array.from(found, ([, name = '', , value = '']) => [name, value]))
}

/** Throws when the action is not built. */
export function assertBuilt(action: PublishedAction): void {
  if (!existsSync(action.main)) throw new Error(`${action.main} is not there`)
}
