import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contestant, Row } from '../measure/row.ts'
import {
  type ActionMachine,
  OURS,
  type PublishedAction,
  createActionMachine,
  peerAction,
} from './action-machine.ts'
import type { Bench } from './bench.ts'

export const PEER = 'actions/cache'

/** What a workflow asks of an action: the dependencies of a lock file. */
export interface Job {
  readonly action: PublishedAction
  readonly machine: ActionMachine
  /** With the lock file of the workspace. */
  readonly inputs: () => Readonly<Record<string, string>>
}

export interface JobRow extends Pick<Row, 'name' | 'operation' | 'state' | 'targets'> {
  readonly setUp: (job: Job) => void
  readonly prepare: (job: Job) => void
  readonly run: (job: Job) => ReturnType<Contestant['run']>
  readonly check: (sample: ReturnType<Contestant['run']>, job: Job) => void
  /** How far away the service is; undefined: on this machine. */
  readonly oneWayMs?: number
  readonly rounds?: number
}

/** The same for both, each on a machine of its own, whose workspace the next row finds as it is. */
export function jobRow(
  bench: Bench,
  { setUp, prepare, run, check, oneWayMs, ...row }: JobRow,
): Row {
  const opened: ActionMachine[] = []
  const contestant = (action: PublishedAction, needs: readonly string[]): Contestant => {
    const machine = createActionMachine(bench, action.name.replace('/', '-'), oneWayMs)
    const job: Job = { action, machine, inputs: () => inputsOf(action, machine.workspace) }
    let last: ReturnType<Contestant['run']> = {}
    return {
      name: action.name,
      command: `node ${action.name}/…, as a runner starts it`,
      needs,
      setUp: () => {
        opened.push(machine)
        machine.clean('all')
        setUp(job)
      },
      prepare: () => prepare(job),
      run: () => (last = run(job)),
      check: () => check(last, job),
    }
  }
  return {
    ...row,
    warmUps: 0,
    contestants: [contestant(OURS, []), contestant(peerAction(), [PEER, 'tar', 'zstd'])],
    tearDown: () => {
      for (const machine of opened) machine.stop()
    },
  }
}

/** As workflows write it for each: the peer hashes the lock file by an expression of the runner's. */
export function inputsOf(
  action: PublishedAction,
  workspace: string,
): Readonly<Record<string, string>> {
  if (action === OURS)
    return {
      task: 'deps',
      inputs: 'package-lock.json',
      path: 'node_modules',
      fallback: 'true',
    }
  const lockfile = readFileSync(join(workspace, 'package-lock.json'))
  return {
    key: `deps-${hash('sha256', lockfile)}`,
    'restore-keys': 'deps-',
    path: 'node_modules',
  }
}

/** A whole job: nothing is found, and the tree is saved. */
export function saveAll({ machine, action, inputs }: Job): void {
  const modules = inputs()
  machine.run({ file: action.main, inputs: { ...modules, 'restore-keys': '', fallback: 'false' } })
  machine.run({ file: action.post, inputs: modules, state: machine.state() })
}
