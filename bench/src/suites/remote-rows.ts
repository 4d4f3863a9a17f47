import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { assertSameTree } from '../data/compare-trees.ts'
import { installDependencyTrees } from '../data/dependency-tree.ts'
import { bytesBelow } from '../data/walk.ts'
import type { Row } from '../measure/row.ts'
import type { Command } from '../measure/run-timed.ts'
import { atMostTimes } from '../measure/targets.ts'
import { type Suite, execute, freshPath, remove, time } from './bench.ts'
import { startServer } from './server-parts.ts'
import type { BenchServer } from './server-parts.ts'
import { timeStoring, vaultOf } from './taskvault.ts'
import {
  type TreeWorkspace,
  createTreeWorkspace,
  getCommand,
  keepVault,
  modulesOf,
  saveCommand,
  useLockfile,
  useModules,
  useVault,
} from './tree-workspace.ts'

/** The tree of 40,000 files through a server on the same machine; runs with the suite of the server. */
export const remoteSuite: Suite = {
  name: 'server',
  needsBytes: 6e9,
  createRows: (bench) => {
    const trees = installDependencyTrees(bench.work.kept, bench.report)
    const workspace = createTreeWorkspace(bench, trees)
    return [restoreRow(workspace), sendRow(workspace)]
  },
}

function restoreRow(workspace: TreeWorkspace): Row {
  const { bench, trees, project, modules } = workspace
  const check = (): void => assertSameTree(modulesOf(trees, 'base'), modules)
  let server: BenchServer | undefined
  return {
    name: 'remote-restore',
    operation: 'restore of the tree into nothing, from a server',
    state: 'empty local store',
    targets: [atMostTimes(1.15, 'local store')],
    setUp: () => {
      server = saveToServer(workspace, 'restore-server')
      keepVault(workspace, 'local')
    },
    tearDown: () => server?.stop(),
    contestants: [
      {
        name: 'taskvault',
        command: 'taskvault cache get …, with TASKVAULT_REMOTE and no local store',
        prepare: () => {
          remove(modules)
          remove(vaultOf(project))
        },
        run: () => time(bench, over(server, getCommand(workspace))),
        check,
      },
      {
        name: 'local store',
        command: 'taskvault cache get …, from a local store that has the entry',
        prepare: () => {
          remove(modules)
          useVault(workspace, 'local')
        },
        run: () => time(bench, getCommand(workspace)),
        check,
      },
    ],
  }
}

function sendRow(workspace: TreeWorkspace): Row {
  const { bench, project } = workspace
  let server: BenchServer | undefined
  let newBytes = 0
  return {
    name: 'remote-send',
    operation: 'save after one package upgraded (eslint), bytes sent to a server',
    state: 'base tree on the server',
    targets: [atMostTimes(1.05, 'new bytes', 'storedBytes')],
    // What is sent is the same each time, and only the first time is there anything to send.
    rounds: 1,
    warmUps: 0,
    setUp: () => {
      useModules(workspace, 'base')
      server = saveToServer(workspace, 'send-server')
      useModules(workspace, 'eslint')
      useLockfile(workspace, 'eslint')
    },
    tearDown: () => server?.stop(),
    contestants: [
      {
        name: 'taskvault',
        command: 'taskvault cache save …, with TASKVAULT_REMOTE; what the server’s blobs grow by',
        run: () => {
          const before = bytesBelow(blobsOf(workspace, 'send-server'))
          const sample = timeStoring(bench, project, over(server, saveCommand(workspace)))
          const storedBytes = bytesBelow(blobsOf(workspace, 'send-server')) - before
          if (storedBytes === 0) throw new Error('nothing has reached the server')
          newBytes = sample.storedBytes ?? 0
          return { ...sample, storedBytes }
        },
      },
      {
        name: 'new bytes',
        command: 'what the same save added to the local store',
        run: () => ({ storedBytes: newBytes }),
      },
    ],
  }
}

/** Starts a server, and saves the base tree through an empty local store to it. */
function saveToServer(workspace: TreeWorkspace, name: string): BenchServer {
  const server = startServer(workspace.bench, { name })
  mkdirSync(blobsOf(workspace, name), { recursive: true })
  useLockfile(workspace, 'base')
  remove(vaultOf(workspace.project))
  execute(workspace.bench, over(server, saveCommand(workspace)))
  return server
}

function blobsOf({ bench }: TreeWorkspace, name: string): string {
  return join(freshPath(bench, name), 'data', 'blobs')
}

function over(server: BenchServer | undefined, command: Command): Command {
  if (server === undefined) throw new Error('the server was not started')
  const env = { TASKVAULT_REMOTE: server.url, TASKVAULT_TOKEN: server.key }
  return { ...command, env: { ...command.env, ...env } }
}
