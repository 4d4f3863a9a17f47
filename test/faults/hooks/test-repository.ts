import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'

/** A repository in which hooks are tried, with a task that reads all of it. */
export interface TestRepository {
  /** Absolute. */
  readonly workTree: string
  /** A line for each run of the task: the tree that it found; absolute. */
  readonly runsFile: string
  readonly env: NodeJS.ProcessEnv
  git(...args: readonly string[]): string
  gitIn(directory: string, ...args: readonly string[]): string
  gitWith(input: string, ...args: readonly string[]): string
  /** Stores a text as a blob, and returns its id. */
  hash(text: string): string
  makeRoomFor(file: string): void
}

const LAUNCHER = join(import.meta.dirname, '../../../packages/cli/bin/taskvault.js')

/** What a pre-commit hook calls. */
export const HOOK_COMMAND: readonly string[] = [
  process.execPath,
  LAUNCHER,
  'hooks',
  'run',
  'pre-commit',
]

/** Notes the tree that it finds, as git computes it with an index of its own. */
const NOTE_TREE = `set -eu
GIT_INDEX_FILE="$RUNS.$$.index"
export GIT_INDEX_FILE
rm -f "$GIT_INDEX_FILE"
git -c advice.addEmbeddedRepo=false add -A
echo "$(git write-tree)" >>"$RUNS"
rm -f "$GIT_INDEX_FILE"
`

const CONFIGURATION = `tasks:
  unit_tests:
    command: sh test.sh
    inputs: ['**']
    hooks: [pre-commit]
`

/** @param root an empty directory, absolute. */
export function createTestRepository(root: string, fileCount: number): TestRepository {
  const repository = describeRepository(root)
  const { workTree } = repository
  const library = join(root, 'library')
  for (const directory of [join(workTree, 'src'), library])
    mkdirSync(directory, { recursive: true })
  writeFileSync(join(library, 'file'), 'library\n')
  for (const directory of ['../library', '.']) {
    repository.gitIn(directory, 'init', '-q', '-b', 'main')
  }
  repository.gitIn('../library', 'add', '.')
  repository.gitIn('../library', 'commit', '-q', '-m', 'first')
  repository.git('submodule', '--quiet', 'add', library, 'sub')
  const files = {
    ...Object.fromEntries(
      Array.from({ length: fileCount }, (_, at) => [`src/${at}`, `src/${at}\n`]),
    ),
    'test.sh': NOTE_TREE,
    '.gitignore': '*.ignored\nnode_modules/\n',
    '.taskvault/.gitignore': '/cache/\n/metrics/\n',
    '.taskvault/config.yaml': CONFIGURATION,
    'node_modules/library/index.js': 'ignored\n',
  }
  for (const [name, text] of Object.entries(files)) {
    repository.makeRoomFor(join(workTree, name))
    writeFileSync(join(workTree, name), text)
  }
  repository.git('add', '-A')
  repository.git('commit', '-q', '-m', 'first')
  return repository
}

/** Tens of thousands of files are listed in some megabytes. */
const GIT = { encoding: 'utf8', stdio: 'pipe', maxBuffer: 64 * 1024 * 1024 } as const

/** The repository that lies, or will lie, in `root`. */
export function describeRepository(root: string): TestRepository {
  const workTree = join(root, 'project')
  const runsFile = join(root, 'runs')
  const env: NodeJS.ProcessEnv = {
    PATH: [dirname(process.execPath), process.env['PATH']].join(':'),
    HOME: root,
    TMPDIR: root,
    RUNS: runsFile,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'A',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'A',
    GIT_COMMITTER_EMAIL: 'a@example.com',
    GIT_ALLOW_PROTOCOL: 'file',
  }
  const run = (cwd: string, args: readonly string[], input = ''): string =>
    execFileSync('git', args, { ...GIT, cwd, env, input }).trim()
  return {
    workTree,
    runsFile,
    env,
    git: (...args) => run(workTree, args),
    gitIn: (directory, ...args) => run(join(workTree, directory), args),
    gitWith: (input, ...args) => run(workTree, args, input),
    hash: (text) => run(workTree, ['hash-object', '-w', '--stdin'], text),
    makeRoomFor: (file) => void mkdirSync(dirname(file), { recursive: true }),
  }
}
