import { join } from 'node:path'
import { assertSameTree, compareTrees } from '../data/compare-trees.ts'
import { turnInto } from '../data/turn-into.ts'
import type { Contestant, Row, Target } from '../measure/row.ts'
import { MEMORY_LIMIT, atMostTimes } from '../measure/targets.ts'
import { actionsRestore, saveWithActions } from './archives.ts'
import { copyTree, execute, freshPath, remove, time } from './bench.ts'
import { vaultOf } from './taskvault.ts'
import {
  type TreeWorkspace,
  createResticRepository,
  forgetStates,
  getCommand,
  keepVault,
  modulesOf,
  restic,
  saveCommand,
  useLockfile,
  useModules,
  useVault,
} from './tree-workspace.ts'

/** Restoring the tree: into nothing, over another version of it, and over itself. */
export function createRestoreRows(workspace: TreeWorkspace): Row[] {
  return [
    intoNothingRow(workspace),
    overRow(workspace, {
      name: 'restore-over-upgraded',
      operation: 'restore over a tree with one package changed',
      target: atMostTimes(0.2, 'actions/cache'),
      present: 'eslint',
    }),
    overRow(workspace, {
      name: 'restore-over-unchanged',
      operation: 'restore over an unchanged tree',
      target: atMostTimes(0.12, 'actions/cache'),
      present: 'base',
    }),
    forgottenRow(workspace),
  ]
}

function intoNothingRow(workspace: TreeWorkspace): Row {
  const { bench, trees } = workspace
  const copy = freshPath(bench, 'restored', 'cp')
  const unpacked = freshPath(bench, 'restored', 'restic')
  return {
    name: 'restore-into-nothing',
    operation: 'restore into nothing',
    state: 'warm stat cache',
    targets: [
      atMostTimes(0.85, 'actions/cache'),
      atMostTimes(1.2, 'cp -a'),
      atMostTimes(0.5, 'restic'),
      MEMORY_LIMIT,
    ],
    setUp: () => saveBaseTree(workspace),
    tearDown: () => remove(freshPath(bench, 'restored')),
    contestants: [
      { ...ours(workspace), prepare: () => remove(workspace.modules) },
      actionsOver(workspace, (directory) => remove(directory)),
      {
        name: 'cp -a',
        command: 'cp -a SOURCE node_modules',
        needs: ['cp'],
        prepare: () => remove(copy),
        run: () =>
          time(bench, { file: 'cp', args: ['-a', modulesOf(trees, 'base'), copy], cwd: '/' }),
        check: () => assertSameTree(modulesOf(trees, 'base'), copy),
      },
      {
        name: 'restic',
        command: 'restic restore latest --target DIRECTORY',
        needs: ['restic'],
        setUp: () => createResticRepository(workspace),
        prepare: () => remove(unpacked),
        run: () => time(bench, restic(workspace, 'restore', 'latest', '--target', unpacked)),
        check: () => assertSameTree(modulesOf(trees, 'base'), join(unpacked, 'node_modules')),
      },
    ],
  }
}

function overRow(
  workspace: TreeWorkspace,
  row: { name: string; operation: string; target: Target; present: 'base' | 'eslint' },
): Row {
  const { bench, trees } = workspace
  const present = modulesOf(trees, row.present)
  return {
    name: row.name,
    operation: row.operation,
    state: 'warm stat cache',
    targets: [row.target, MEMORY_LIMIT],
    setUp: () => saveBaseTree(workspace),
    tearDown: () => remove(freshPath(bench, 'restored')),
    contestants: [
      {
        ...ours(workspace),
        prepare: () => {
          if (row.present !== 'base') useModules(workspace, row.present)
        },
      },
      {
        ...actionsOver(workspace, (directory) => turnInto(directory, present)),
        setUp: () => {
          saveWithActions(bench, workspace.project)
          copyTree(present, join(actionsDirectory(workspace), 'node_modules'))
        },
      },
    ],
  }
}

/** The same as over an unchanged tree, with a vault that has never seen these files. */
function forgottenRow(workspace: TreeWorkspace): Row {
  return {
    name: 'restore-over-unchanged-cold',
    operation: 'restore over an unchanged tree',
    state: 'cold stat cache',
    targets: [MEMORY_LIMIT],
    setUp: () => {
      saveBaseTree(workspace)
      forgetStates(workspace)
      keepVault(workspace, 'forgotten')
    },
    contestants: [{ ...ours(workspace), prepare: () => useVault(workspace, 'forgotten') }],
  }
}

function ours(workspace: TreeWorkspace): Contestant {
  return {
    name: 'taskvault',
    command: 'taskvault cache get dependencies package-lock.json node_modules',
    run: () => time(workspace.bench, getCommand(workspace)),
    check: () => assertSameTree(modulesOf(workspace.trees, 'base'), workspace.modules),
  }
}

/** actions/cache into a directory of its own, brought into its starting state by `arrange`. */
function actionsOver(workspace: TreeWorkspace, arrange: (directory: string) => void): Contestant {
  const { bench, project, trees } = workspace
  const into = actionsDirectory(workspace)
  const modules = join(into, 'node_modules')
  return {
    ...actionsRestore(bench, into, { prepare: () => arrange(modules) }),
    setUp: () => saveWithActions(bench, project),
    check: () => assertRestored(modulesOf(trees, 'base'), modules),
  }
}

/** Unpacking an archive leaves behind what was not in it; all else must be as it was saved. */
function assertRestored(expected: string, modules: string): void {
  const differences = compareTrees(expected, modules, true)
  const wrong = differences.find((line) => !line.endsWith(': was not saved'))
  if (wrong !== undefined) throw new Error(`${modules} was not restored: ${wrong}`)
}

function actionsDirectory({ bench }: TreeWorkspace): string {
  return freshPath(bench, 'restored', 'actions')
}

/** A vault whose only entry is the base tree, with the base tree in place. */
function saveBaseTree(workspace: TreeWorkspace): void {
  useModules(workspace, 'base')
  useLockfile(workspace, 'base')
  remove(vaultOf(workspace.project))
  execute(workspace.bench, saveCommand(workspace))
}
