import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assertSameTree } from '../data/compare-trees.ts'
import { createRandomBytes, generateTree } from '../data/generated-tree.ts'
import type { Contestant, Row } from '../measure/row.ts'
import type { Command } from '../measure/run-timed.ts'
import { MEMORY_LIMIT } from '../measure/targets.ts'
import { type Bench, type Suite, copyTree, execute, freshPath, remove, time } from './bench.ts'
import { bareWalk } from './hash-rows.ts'
import { createProject, taskvault, timeStoring, vaultOf } from './taskvault.ts'

const PATHS = [1000, 10_000, 100_000, 500_000]

/**
 * What changes: files of one size, more and more of them. Contents of 1 MiB and more are cut into chunks, which
 * costs more for each byte, so a line holds either such files or others.
 */
interface ChangedFiles {
  readonly fileBytes: number
  readonly megabytes: number
}

const SMALL_FILES = [1, 10, 100, 400].map((megabytes) => ({ fileBytes: 1e5, megabytes }))
const LARGE_FILES = [8, 80, 400, 800].map((megabytes) => ({ fileBytes: 8e6, megabytes }))

/** Cost against the number of paths, and against changed bytes, at four sizes each. */
export const scaleSuite: Suite = {
  name: 'scale',
  needsBytes: 9e9,
  createRows: (bench) => [
    ...PATHS.flatMap((paths) => rowsOfPaths(bench, paths)),
    ...[...SMALL_FILES, ...LARGE_FILES].map((changed) => changedBytesRow(bench, changed)),
  ],
}

function rowsOfPaths(bench: Bench, paths: number): Row[] {
  const project = freshPath(bench, `scale-${paths}`)
  const tree = join(project, 'tree')
  const pattern = freshPath(bench, `scale-pattern-${paths}`)
  const save = command(project, 'save')
  const get = command(project, 'get')
  const row = createPointRow(paths)
  const saving = { command: 'taskvault cache save', run: () => timeStoring(bench, project, save) }
  const check = (): void => assertSameTree(pattern, tree)
  const getting = { command: 'taskvault cache get', run: () => time(bench, get), check }
  return [
    {
      ...row('first save', { ...saving, prepare: () => remove(vaultOf(project)) }),
      setUp: () => {
        createProject(project)
        generateTree(tree, paths)
        copyTree(tree, pattern)
        writeFileSync(join(project, 'input'), 'input')
      },
    },
    withPeer(row('save, nothing changed', saving), bareWalk(bench, project, 'tree')),
    row('restore over an unchanged tree', getting),
    {
      ...row('restore into nothing', { ...getting, prepare: () => remove(tree) }),
      tearDown: () => {
        remove(project)
        remove(pattern)
      },
    },
  ]
}

/** A point of a line over paths; the largest tree takes minutes, so it goes round three times. */
function createPointRow(paths: number) {
  return (operation: string, contestant: Omit<Contestant, 'name'>): Row => ({
    name: `${operation.replaceAll(/\W+/g, '-')}-${paths}`,
    point: { line: `${operation}, by number of paths`, size: paths },
    operation: `${operation}: ${paths.toLocaleString('en')} files`,
    state: operation === 'first save' ? 'cold stat cache' : 'warm stat cache',
    targets: paths > 100_000 ? [] : [MEMORY_LIMIT],
    ...(paths > 100_000 ? { rounds: 3, warmUps: 0 } : {}),
    contestants: [{ name: 'taskvault', ...contestant }],
  })
}

function withPeer(row: Row, peer: Contestant): Row {
  return { ...row, contestants: [...row.contestants, peer] }
}

function changedBytesRow(bench: Bench, changed: ChangedFiles): Row {
  const { fileBytes, megabytes } = changed
  const name = `${megabytes}-of-${fileBytes}`
  const each = fileBytes < 1e6 ? `${fileBytes / 1e3} kB` : `${fileBytes / 1e6} MB`
  const project = freshPath(bench, `changed-${name}`)
  const save = command(project, 'save')
  let round = 0
  return {
    name: `save-changed-${name}`,
    point: { line: `save, by megabytes changed, in files of ${each}`, size: megabytes },
    operation: `save after ${megabytes} MB changed, in files of ${each}, beside 10,000 others`,
    state: 'warm stat cache',
    targets: [MEMORY_LIMIT],
    setUp: () => {
      createProject(project)
      generateTree(join(project, 'tree'), 10_000)
      writeFileSync(join(project, 'input'), 'input')
      execute(bench, save)
    },
    tearDown: () => remove(project),
    contestants: [
      {
        name: 'taskvault',
        command: 'taskvault cache save',
        prepare: () => {
          round += 1
          changeFiles(project, changed, round)
        },
        run: () => timeStoring(bench, project, save),
      },
    ],
  }
}

/** Gives files new bytes that no round before had, and the save a new key. */
function changeFiles(project: string, { fileBytes, megabytes }: ChangedFiles, round: number): void {
  const random = createRandomBytes(`${megabytes} ${fileBytes} ${round}`)
  for (let index = 0; index < (megabytes * 1e6) / fileBytes; index += 1) {
    const file = join(project, 'tree', 'first', `directory-${index % 50}`, `changed-${index}`)
    writeFileSync(file, random(fileBytes))
  }
  writeFileSync(join(project, 'input'), `input ${round}`)
}

function command(project: string, verb: 'save' | 'get'): Command {
  return taskvault(project, 'cache', verb, 'scale', 'input', 'tree')
}
