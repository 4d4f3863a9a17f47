import { installDependencyTrees } from '../data/dependency-tree.ts'
import type { Suite } from './bench.ts'
import { createHashRows } from './hash-rows.ts'
import { createRestoreRows } from './restore-rows.ts'
import { createSaveRows } from './save-rows.ts'
import { createTreeWorkspace } from './tree-workspace.ts'

/** The dependency tree of about 43,000 files: hashed, saved and restored. */
export const treeSuite: Suite = {
  name: 'tree',
  needsBytes: 9e9,
  createRows: (bench) => {
    const trees = installDependencyTrees(bench.work.kept, bench.report)
    bench.report(`the tree has ${trees.files} files, ${Math.round(trees.bytes / 1e6)} MB`)
    const workspace = createTreeWorkspace(bench, trees)
    return [
      ...createHashRows(workspace),
      ...createSaveRows(workspace),
      ...createRestoreRows(workspace),
    ]
  },
}
