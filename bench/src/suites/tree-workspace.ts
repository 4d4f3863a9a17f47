import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { DependencyTrees } from '../data/dependency-tree.ts'
import { turnInto } from '../data/turn-into.ts'
import { bytesBelow } from '../data/walk.ts'
import type { Sample } from '../measure/row.ts'
import type { Command } from '../measure/run-timed.ts'
import { type Bench, copyFile, copyTree, execute, freshPath, remove, time } from './bench.ts'
import { createProject, taskvault, vaultOf } from './taskvault.ts'

export type Variant = 'base' | 'eslint' | 'next'

/** A project under taskvault whose `node_modules` goes through upgrades, and the peers' stores. */
export interface TreeWorkspace {
  readonly bench: Bench
  readonly trees: DependencyTrees
  readonly project: string
  readonly modules: string
  readonly lockfile: string
  readonly resticRepository: string
}

/** Copies the base tree into a project of this session. */
export function createTreeWorkspace(bench: Bench, trees: DependencyTrees): TreeWorkspace {
  const project = createProject(freshPath(bench, 'project'))
  const workspace = {
    bench,
    trees,
    project,
    modules: join(project, 'node_modules'),
    lockfile: join(project, 'package-lock.json'),
    resticRepository: freshPath(bench, 'restic', 'repository'),
  }
  copyTree(modulesOf(trees, 'base'), workspace.modules)
  useLockfile(workspace, 'base')
  return workspace
}

/** The installed tree of a variant; only to be read. */
export function modulesOf(trees: DependencyTrees, variant: Variant): string {
  return join(trees[variant], 'node_modules')
}

/** Brings the project's `node_modules` to a variant as an upgrade does. */
export function useModules(workspace: TreeWorkspace, variant: Variant): void {
  turnInto(workspace.modules, modulesOf(workspace.trees, variant))
}

/** The lockfile is the input that the tree is saved under. */
export function useLockfile(workspace: TreeWorkspace, variant: Variant): void {
  copyFile(join(workspace.trees[variant], 'package-lock.json'), workspace.lockfile)
}

export function saveCommand(workspace: TreeWorkspace): Command {
  const saved = ['package-lock.json', 'node_modules']
  return taskvault(workspace.project, 'cache', 'save', 'dependencies', ...saved)
}

export function getCommand(workspace: TreeWorkspace): Command {
  const wanted = ['package-lock.json', 'node_modules']
  return taskvault(workspace.project, 'cache', 'get', 'dependencies', ...wanted)
}

/** Keeps the vault as it is now under a name. */
export function keepVault(workspace: TreeWorkspace, name: string): void {
  copyTree(vaultOf(workspace.project), freshPath(workspace.bench, 'vaults', name))
}

/** Puts a kept vault back in place. */
export function useVault(workspace: TreeWorkspace, name: string): void {
  copyTree(freshPath(workspace.bench, 'vaults', name), vaultOf(workspace.project))
}

/** Makes the vault forget the state of all files, so that each must be read again. */
export function forgetStates(workspace: TreeWorkspace): void {
  using database = new DatabaseSync(join(vaultOf(workspace.project), 'cache.db'))
  database.exec('DELETE FROM stat_pages')
}

/** `restic` with a repository and a cache of this session. */
export function restic(workspace: TreeWorkspace, ...args: readonly string[]): Command {
  return {
    file: 'restic',
    args: ['--quiet', '--repo', workspace.resticRepository, ...args],
    cwd: workspace.project,
    env: {
      RESTIC_PASSWORD: 'bench',
      RESTIC_CACHE_DIR: freshPath(workspace.bench, 'restic', 'cache'),
    },
  }
}

/** A new repository that holds the project's `node_modules` as it is now. */
export function createResticRepository(workspace: TreeWorkspace): void {
  remove(workspace.resticRepository)
  execute(workspace.bench, restic(workspace, 'init'))
  execute(workspace.bench, restic(workspace, 'backup', 'node_modules'))
}

/** Backs `node_modules` up and tells what that added to the repository. */
export function timeResticBackup(workspace: TreeWorkspace): Sample {
  const before = bytesBelow(workspace.resticRepository)
  const sample = time(workspace.bench, restic(workspace, 'backup', 'node_modules'))
  return { ...sample, storedBytes: bytesBelow(workspace.resticRepository) - before }
}
