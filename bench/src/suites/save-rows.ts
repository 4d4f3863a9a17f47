import type { Contestant, Row } from '../measure/row.ts'
import { MEMORY_LIMIT, atMostTimes } from '../measure/targets.ts'
import { actionsSave, tarZstd } from './archives.ts'
import { copyTree, execute, freshPath, remove } from './bench.ts'
import { bareWalk } from './hash-rows.ts'
import { taskvault, timeStoring, vaultOf } from './taskvault.ts'
import {
  type TreeWorkspace,
  type Variant,
  createResticRepository,
  forgetStates,
  keepVault,
  saveCommand,
  timeResticBackup,
  useLockfile,
  useModules,
  useVault,
} from './tree-workspace.ts'

const TAR_ZSTD = 'tar | zstd -T0 -3'

/** Saving the tree: the first time, unchanged, and after one package was upgraded. */
export function createSaveRows(workspace: TreeWorkspace): Row[] {
  return [
    firstSaveRow(workspace),
    unchangedRow(workspace),
    unchangedButForgottenRow(workspace),
    upgradedRow(workspace, 'eslint'),
    upgradedRow(workspace, 'next'),
  ]
}

function firstSaveRow(workspace: TreeWorkspace): Row {
  const { bench, project } = workspace
  return {
    name: 'save-first',
    operation: 'first save',
    state: 'cold stat cache',
    targets: [atMostTimes(0.9, TAR_ZSTD), atMostTimes(1.05, TAR_ZSTD, 'storedBytes'), MEMORY_LIMIT],
    contestants: [
      { ...ours(workspace), prepare: () => remove(vaultOf(project)) },
      tarZstd(bench, project),
      actionsSave(bench, project),
    ],
  }
}

function unchangedRow(workspace: TreeWorkspace): Row {
  const { bench, project } = workspace
  return {
    name: 'save-unchanged',
    operation: 'save, nothing changed',
    state: 'warm stat cache',
    targets: [
      atMostTimes(0.12, TAR_ZSTD),
      atMostTimes(0.12, 'restic'),
      atMostTimes(2, 'find -printf'),
      MEMORY_LIMIT,
    ],
    setUp: () => saveBase(workspace),
    contestants: [
      ours(workspace),
      tarZstd(bench, project),
      { ...resticBackup(workspace), setUp: () => createResticRepository(workspace) },
      bareWalk(bench, project),
    ],
  }
}

function unchangedButForgottenRow(workspace: TreeWorkspace): Row {
  const { bench, project } = workspace
  return {
    name: 'save-unchanged-cold',
    operation: 'save, nothing changed',
    state: 'cold stat cache',
    targets: [MEMORY_LIMIT],
    contestants: [
      { ...ours(workspace), prepare: () => forgetStates(workspace) },
      tarZstd(bench, project),
    ],
  }
}

function upgradedRow(workspace: TreeWorkspace, variant: 'eslint' | 'next'): Row {
  const { bench, project } = workspace
  const newBytes = atMostTimes(1.1, 'restic', 'storedBytes')
  const targets = [atMostTimes(0.15, TAR_ZSTD), newBytes, MEMORY_LIMIT]
  return {
    name: `save-${variant}-upgraded`,
    operation: `save after one package upgraded (${variant})`,
    state: 'warm stat cache',
    // The second upgrade carries a 100 MB binary: its time follows from bytes, not from paths.
    targets: variant === 'eslint' ? targets : [newBytes, MEMORY_LIMIT],
    setUp: () => {
      useModules(workspace, 'base')
      saveBase(workspace)
      keepVault(workspace, 'base')
      useModules(workspace, variant)
      useLockfile(workspace, variant)
    },
    tearDown: () => {
      useModules(workspace, 'base')
      useLockfile(workspace, 'base')
    },
    contestants: [
      { ...ours(workspace), prepare: () => useVault(workspace, 'base') },
      tarZstd(bench, project),
      {
        ...resticBackup(workspace),
        setUp: () => createKeptRepository(workspace, variant),
        prepare: () => useKeptRepository(workspace),
      },
    ],
  }
}

function ours(workspace: TreeWorkspace): Contestant {
  return {
    name: 'taskvault',
    command: 'taskvault cache save dependencies package-lock.json node_modules',
    run: () => timeStoring(workspace.bench, workspace.project, saveCommand(workspace)),
    check: () => assertVerified(workspace),
  }
}

function resticBackup(workspace: TreeWorkspace): Contestant {
  return {
    name: 'restic',
    command: 'restic backup node_modules',
    needs: ['restic'],
    run: () => timeResticBackup(workspace),
  }
}

/** An empty vault, then one entry: the base tree. */
function saveBase(workspace: TreeWorkspace): void {
  remove(vaultOf(workspace.project))
  execute(workspace.bench, saveCommand(workspace))
}

function assertVerified({ bench, project }: TreeWorkspace): void {
  execute(bench, taskvault(project, 'cache', 'verify'))
}

function createKeptRepository(workspace: TreeWorkspace, variant: Variant): void {
  useModules(workspace, 'base')
  createResticRepository(workspace)
  copyTree(workspace.resticRepository, keptRepository(workspace))
  useModules(workspace, variant)
}

function useKeptRepository(workspace: TreeWorkspace): void {
  copyTree(keptRepository(workspace), workspace.resticRepository)
}

function keptRepository(workspace: TreeWorkspace): string {
  return freshPath(workspace.bench, 'restic', 'kept')
}
