import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { assertSameTree } from '../data/compare-trees.ts'
import { installDependencyTrees } from '../data/dependency-tree.ts'
import type { DependencyTrees } from '../data/dependency-tree.ts'
import { turnInto } from '../data/turn-into.ts'
import { type Background, startBackground } from '../machine/background.ts'
import type { Contestant, Row } from '../measure/row.ts'
import { atMostTimes } from '../measure/targets.ts'
import { type Job, PEER, inputsOf, jobRow, saveAll } from './action-job.ts'
import {
  type ActionMachine,
  OURS,
  type PublishedAction,
  assertBuilt,
  jobVariables,
  peerAction,
  prefixed,
} from './action-machine.ts'
import {
  type Bench,
  type Suite,
  copyFile,
  copyTree,
  execute,
  freshPath,
  remove,
  time,
} from './bench.ts'
import { workerPath } from './server-parts.ts'
import { smallCacheRows } from './small-cache-rows.ts'
import { modulesOf } from './tree-workspace.ts'
import type { Variant } from './tree-workspace.ts'

/** Both actions as a runner starts them, with a cache service of the same server each. */
export const actionSuite: Suite = {
  name: 'action',
  needsBytes: 6e9,
  createRows: (bench) => {
    assertBuilt(OURS)
    const trees = installDependencyTrees(bench.work.kept, bench.report)
    return [
      lookupRow(bench, trees),
      firstSaveRow(bench, trees),
      restoreRow(bench, trees),
      savePackageRow(bench, trees),
      restorePackageRow(bench, trees),
      restoreUnsharedRow(bench, trees),
      restoreArchiveRow(bench, trees),
      ...smallCacheRows(bench),
    ]
  },
}

function firstSaveRow(bench: Bench, trees: DependencyTrees): Row {
  return jobRow(bench, {
    name: 'action-first-save',
    operation: 'first save of the tree, the post step',
    state: 'empty service',
    targets: [atMostTimes(0.8, PEER)],
    setUp: ({ machine }) => useTree(machine, trees, 'base'),
    prepare: ({ machine, action, inputs }) => {
      machine.clean('all')
      machine.run({ file: action.main, inputs: inputs() })
    },
    run: ({ machine, action, inputs }) =>
      machine.take({ file: action.post, inputs: inputs(), state: machine.state() }),
    check: ({ storedBytes = 0 }) => {
      if (storedBytes < 1e8) throw new Error(`only ${storedBytes} bytes have reached the service`)
    },
  })
}

function restoreRow(bench: Bench, trees: DependencyTrees): Row {
  return jobRow(bench, {
    name: 'action-restore',
    operation: 'restore of the tree into an empty workspace, the main step',
    state: 'a new runner',
    targets: [atMostTimes(0.7, PEER)],
    setUp: (job) => {
      useTree(job.machine, trees, 'base')
      saveAll(job)
    },
    prepare: ({ machine }) => {
      machine.clean('runner')
      remove(machine.modules)
    },
    run: ({ machine, action, inputs }) => machine.take({ file: action.main, inputs: inputs() }),
    check: (_, { machine }) => assertSameTree(modulesOf(trees, 'base'), machine.modules),
  })
}

function savePackageRow(bench: Bench, trees: DependencyTrees): Row {
  return jobRow(bench, {
    name: 'action-save-package',
    operation: 'save after one package upgraded (eslint), the post step',
    state: 'base tree restored by the main step',
    targets: [atMostTimes(0.15, PEER), atMostTimes(0.1, PEER, 'storedBytes')],
    setUp: (job) => {
      const { machine, action } = job
      useTree(machine, trees, 'base')
      saveAll(job)
      machine.clean('runner')
      remove(machine.modules)
      useLockfile(machine, trees, 'eslint')
      machine.run({ file: action.main, inputs: job.inputs() })
      assertSameTree(modulesOf(trees, 'base'), machine.modules)
      turnInto(machine.modules, modulesOf(trees, 'eslint'))
      machine.keep('restored')
    },
    prepare: ({ machine }) => machine.bringBack('restored'),
    run: ({ machine, action, inputs }) =>
      machine.take({ file: action.post, inputs: inputs(), state: machine.state() }),
    check: ({ storedBytes = 0 }) => {
      if (storedBytes < 1e5) throw new Error(`only ${storedBytes} bytes have reached the service`)
    },
  })
}

/** A runner of one's own as it works from day to day: its last job was for another branch. */
function restorePackageRow(bench: Bench, trees: DependencyTrees): Row {
  return overOtherVersion(bench, trees, {
    name: 'action-restore-package',
    state: 'a runner of one’s own, whose last job upgraded the package',
    saveOther: (job) => {
      const { machine, action } = job
      remove(machine.modules)
      useLockfile(machine, trees, 'eslint')
      machine.run({ file: action.main, inputs: job.inputs() })
      turnInto(machine.modules, modulesOf(trees, 'eslint'))
      machine.run({ file: action.post, inputs: job.inputs(), state: machine.state() })
    },
  })
}

/** The worst case: both versions were saved without knowledge of each other, and share no pack. */
function restoreUnsharedRow(bench: Bench, trees: DependencyTrees): Row {
  return overOtherVersion(bench, trees, {
    name: 'action-restore-unshared',
    state: 'a runner of one’s own, which saved that version by itself and knows nothing else',
    saveOther: (job) => {
      useTree(job.machine, trees, 'eslint')
      saveAll(job)
    },
  })
}

/** The first run after a workflow exchanged `actions/cache` for ours: both restore what the former has saved. */
function restoreArchiveRow(bench: Bench, trees: DependencyTrees): Row {
  const peer = peerAction()
  return jobRow(bench, {
    name: 'action-restore-archive',
    operation: 'restore of what `actions/cache` saved into an empty workspace, the main step',
    state: 'a new runner',
    targets: [atMostTimes(1, PEER)],
    setUp: ({ machine }) => {
      useTree(machine, trees, 'base')
      saveAll({ machine, action: peer, inputs: () => inputsOf(peer, machine.workspace) })
    },
    prepare: ({ machine }) => {
      machine.clean('runner')
      remove(machine.modules)
    },
    run: ({ machine, action }) =>
      machine.take({ file: action.main, inputs: inputsOf(peer, machine.workspace) }),
    check: (_, { machine }) => assertSameTree(modulesOf(trees, 'base'), machine.modules),
  })
}

interface OtherVersion extends Pick<Row, 'name' | 'state'> {
  /** Has a new runner save the other version; the service has the one that is restored. */
  readonly saveOther: (job: Job) => void
}

function overOtherVersion(
  bench: Bench,
  trees: DependencyTrees,
  { saveOther, ...row }: OtherVersion,
): Row {
  return jobRow(bench, {
    ...row,
    operation:
      'restore over a workspace with another version of one package (eslint), the main step',
    targets: [atMostTimes(0.15, PEER)],
    setUp: (job) => {
      const { machine } = job
      useTree(machine, trees, 'base')
      saveAll(job)
      machine.clean('runner')
      saveOther(job)
      useLockfile(machine, trees, 'base')
      machine.keep('saved')
    },
    prepare: ({ machine }) => {
      turnInto(machine.modules, modulesOf(trees, 'eslint'))
      machine.bringBack('saved')
    },
    run: ({ machine, action, inputs }) => machine.take({ file: action.main, inputs: inputs() }),
    check: (_, { machine, action }) => {
      // The peer removes nothing, so files that only the other version has are left behind by it.
      if (action === OURS) assertSameTree(modulesOf(trees, 'base'), machine.modules)
    },
  })
}

function useTree(machine: ActionMachine, trees: DependencyTrees, variant: Variant): void {
  if (existsSync(machine.modules)) turnInto(machine.modules, modulesOf(trees, variant))
  else copyTree(modulesOf(trees, variant), machine.modules)
  useLockfile(machine, trees, variant)
}

function useLockfile(machine: ActionMachine, trees: DependencyTrees, variant: Variant): void {
  copyFile(join(trees[variant], 'package-lock.json'), join(machine.workspace, 'package-lock.json'))
}

/** From the start of the main step to its first question. */
function lookupRow(bench: Bench, trees: DependencyTrees): Row {
  const asked = freshPath(bench, 'lookup', 'asked')
  const runner = freshPath(bench, 'lookup', 'runner')
  const workspace = freshPath(bench, 'lookup', 'workspace')
  let service: Background | undefined
  const contestant = (action: PublishedAction, needs: readonly string[]): Contestant => ({
    name: action.name,
    command: `node ${action.name}/…, until it asks`,
    needs,
    prepare: () => {
      for (const directory of [asked, runner]) remove(directory)
      for (const name of ['temp', 'tools', 'home'])
        mkdirSync(join(runner, name), { recursive: true })
    },
    run: () => {
      const { port } = JSON.parse(service?.output() ?? '{}') as { port: number }
      const told = { url: `http://127.0.0.1:${port}`, key: 'token' }
      const inputs = inputsOf(action, workspace)
      const started = process.hrtime.bigint()
      execute(bench, {
        file: process.execPath,
        args: [action.main],
        cwd: workspace,
        env: {
          ...jobVariables(told, { workspace, runner }),
          ...prefixed('INPUT_', { ...inputs, fallback: 'false', 'restore-keys': '' }),
        },
      })
      return { wallMs: Number(BigInt(readFileSync(asked, 'utf8')) - started) / 1e6 }
    },
  })
  const bare: Contestant = {
    name: 'node -e 0',
    command: 'node -e 0, from start to end',
    run: () => time(bench, { file: process.execPath, args: ['-e', '0'], cwd: workspace }),
  }
  return {
    name: 'action-lookup',
    operation: 'from the start of the main step to its first look-up',
    state: 'a new runner',
    targets: [atMostTimes(1, PEER)],
    rounds: 21,
    warmUps: 3,
    setUp: () => {
      mkdirSync(workspace, { recursive: true })
      copyFile(join(trees.base, 'package-lock.json'), join(workspace, 'package-lock.json'))
      service = startBackground(
        { file: process.execPath, args: [workerPath('lookup-worker'), asked], cwd: workspace },
        { log: freshPath(bench, 'lookup', 'log'), isReady: (output) => output.includes('\n') },
      )
    },
    tearDown: () => service?.stop(),
    contestants: [contestant(OURS, []), contestant(peerAction(), [PEER]), bare],
  }
}
