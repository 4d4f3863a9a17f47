import { spawnSync } from 'node:child_process'
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandomBytes } from '../data/generated-tree.ts'
import type { Contestant, Row } from '../measure/row.ts'
import { shell } from '../measure/run-timed.ts'
import { atMostTimes } from '../measure/targets.ts'
import { type Bench, execute, freshPath, outputOf, remove, time } from './bench.ts'
import { createProject, taskvault, vaultOf } from './taskvault.ts'
import type { TreeWorkspace } from './tree-workspace.ts'

const GIB = 1024 ** 3

/** Hashing of one large file, and of the tree with and without a stat cache. */
export function createHashRows(workspace: TreeWorkspace): Row[] {
  return [largeFileRow(workspace.bench), coldTreeRow(workspace), warmTreeRow(workspace)]
}

function largeFileRow(bench: Bench): Row {
  const project = createProject(freshPath(bench, 'large-file'))
  const file = join(project, 'one-gibibyte')
  return {
    name: 'hash-file',
    operation: 'hash a 1 GiB file',
    state: 'cold stat cache',
    // At least 0.7 of its speed is at most 1/0.7 of its time.
    targets: [atMostTimes(1 / 0.7, 'b3sum, 1 thread')],
    setUp: () => writeRandomFile(file),
    tearDown: () => remove(project),
    contestants: [
      {
        name: 'taskvault',
        command: 'taskvault hash FILE',
        prepare: () => remove(vaultOf(project)),
        run: () => time(bench, taskvault(project, 'hash', 'one-gibibyte')),
        check: () => assertSameDigest(project, 'one-gibibyte'),
      },
      b3sum(bench, { name: 'b3sum, 1 thread', line: `b3sum --num-threads 1 ${file}` }),
      b3sum(bench, {
        name: 'b3sum, 1 thread, no mmap',
        line: `b3sum --num-threads 1 --no-mmap ${file}`,
      }),
    ],
  }
}

function coldTreeRow({ bench, project }: TreeWorkspace): Row {
  const list = freshPath(bench, 'hash-list')
  const each = 'xargs -0 b3sum --no-mmap --num-threads 1'
  return {
    name: 'hash-tree-cold',
    operation: 'hash the tree',
    state: 'cold stat cache',
    targets: [atMostTimes(1.3, 'b3sum over the list')],
    setUp: () =>
      writeFileSync(list, outputOf('find', ['node_modules', '-type', 'f', '-print0'], project)),
    contestants: [
      {
        name: 'taskvault',
        command: 'taskvault hash node_modules',
        prepare: () => remove(vaultOf(project)),
        run: () => time(bench, taskvault(project, 'hash', 'node_modules')),
        check: () => assertSeesChange(project),
      },
      b3sum(bench, { name: 'b3sum over the list', line: `${each} < ${list}`, project }),
      b3sum(bench, { name: 'b3sum, mmap', line: `xargs -0 b3sum < ${list}`, project }),
    ],
  }
}

function warmTreeRow({ bench, project }: TreeWorkspace): Row {
  const gitDirectory = freshPath(bench, 'git')
  const git = (...args: readonly string[]): { file: string; args: string[]; cwd: string } => ({
    file: 'git',
    args: [`--git-dir=${gitDirectory}`, `--work-tree=${project}`, ...args],
    cwd: project,
  })
  return {
    name: 'hash-tree-warm',
    operation: 'hash the tree',
    state: 'warm stat cache',
    targets: [atMostTimes(2, 'find -printf'), atMostTimes(1.2, 'git status')],
    setUp: () => {
      const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com']
      execute(bench, git('init', '--quiet'))
      writeFileSync(join(gitDirectory, 'info', 'exclude'), '.taskvault\n')
      execute(bench, git('-c', 'core.looseCompression=0', 'add', '--force', 'node_modules'))
      execute(bench, git(...identity, 'commit', '--quiet', '--message', 'tree'))
    },
    tearDown: () => remove(gitDirectory),
    contestants: [
      {
        name: 'taskvault',
        command: 'taskvault hash node_modules',
        run: () => time(bench, taskvault(project, 'hash', 'node_modules')),
        check: () => assertSeesChange(project),
      },
      bareWalk(bench, project),
      {
        name: 'git status',
        command: 'git status --porcelain',
        needs: ['git'],
        run: () => time(bench, git('status', '--porcelain')),
      },
    ],
  }
}

/** The least that anything must do which looks at every path. */
export function bareWalk(bench: Bench, project: string, directory = 'node_modules'): Contestant {
  const format = String.raw`%p %y %m %s %T@ %C@ %i\n`
  return {
    name: 'find -printf',
    command: `find ${directory} -printf '${format}'`,
    needs: ['find'],
    run: () => time(bench, { file: 'find', args: [directory, '-printf', format], cwd: project }),
  }
}

function b3sum(
  bench: Bench,
  { name, line, project = '/' }: { name: string; line: string; project?: string },
): Contestant {
  const command = line.replaceAll(/\/\S+\/one-gibibyte/g, 'FILE').replace(/< \S+/, '< LIST')
  return { name, command, needs: ['b3sum'], run: () => time(bench, shell(line, project)) }
}

function writeRandomFile(file: string): void {
  const random = createRandomBytes('large file')
  const chunk = 64 * 1024 * 1024
  writeFileSync(file, '')
  for (let written = 0; written < GIB; written += chunk) {
    writeFileSync(file, random(chunk), { flag: 'a' })
  }
}

/** Where b3sum is missing there is nothing to compare with. */
function assertSameDigest(project: string, file: string): void {
  const peer = spawnSync('b3sum', ['--no-names', file], { cwd: project, encoding: 'utf8' })
  if (peer.error !== undefined) return
  const ours = digestOf(project, file)
  if (!ours.includes(peer.stdout.trim())) {
    throw new Error(`hash printed ${ours} where b3sum prints ${peer.stdout.trim()}`)
  }
}

/** The digest must follow one changed byte of one file, and come back with it. */
function assertSeesChange(project: string): void {
  const file = join(project, 'node_modules', 'eslint', 'package.json')
  const modifiedAt = Number(statSync(file, { bigint: true }).mtimeNs) / 1e9
  const content = readFileSync(file)
  // Same size and same time: only the change time tells.
  const rewrite = (bytes: Buffer): string => {
    writeFileSync(file, bytes)
    utimesSync(file, modifiedAt, modifiedAt)
    return digestOf(project, 'node_modules')
  }
  const before = digestOf(project, 'node_modules')
  const during = rewrite(Buffer.from(content).fill('#', 0, 1))
  const after = rewrite(content)
  if (before === during) throw new Error('hash did not see a changed byte')
  if (before !== after) throw new Error('hash did not come back with the content')
}

function digestOf(project: string, target: string): string {
  const { file, args } = taskvault(project, 'hash', target)
  return outputOf(file, args, project).trim()
}
