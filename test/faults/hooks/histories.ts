import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestRepository } from './test-repository.ts'

/** How a repository looks at first; its history is made up from a seed. */
export interface HistoryShape {
  readonly name: string
  readonly packages: number
  readonly filesPerPackage: number
}

export const HISTORY_SHAPES: readonly HistoryShape[] = [
  { name: 'application', packages: 1, filesPerPackage: 300 },
  { name: 'workspace', packages: 40, filesPerPackage: 50 },
  { name: 'large', packages: 100, filesPerPackage: 210 },
]

/** Notes the tree that it finds; beginning from a copy of git's index, so as not to read every file. */
export const NOTE_TREE_QUICKLY: string = `set -eu
cp "$(git rev-parse --git-path index)" "$RUNS.index"
export GIT_INDEX_FILE="$RUNS.index"
git add -A
echo "$(git write-tree)" >>"$RUNS"
`

/** What the task of these histories reads. */
export const TASK_INPUTS: readonly string[] = ['packages', 'test.sh']

const CONFIGURATION = `tasks:
  unit_tests:
    command: sh test.sh
    inputs: ['packages/**', test.sh]
    hooks: [pre-commit]
`

/** Writes the files that a history begins with. */
export function writeFirstFiles({ workTree }: TestRepository, shape: HistoryShape): void {
  write(workTree, 'README.md', 'read me\n')
  write(workTree, 'test.sh', NOTE_TREE_QUICKLY)
  write(workTree, '.taskvault/config.yaml', CONFIGURATION)
  write(workTree, '.taskvault/.gitignore', '/cache/\n/metrics/\n')
  for (let at = 0; at < shape.packages; at += 1) {
    for (let file = 0; file < shape.filesPerPackage; file += 1) {
      write(workTree, sourceFile(at, file), `export const value = ${at * 1000 + file}\n`)
    }
  }
}

/** One commit to be: what it changes, and how it is told to git. */
export interface Move {
  readonly name: string
  /** Arguments of `git commit`, when the change is made and staged as it is to be. */
  apply(repository: TestRepository): readonly string[]
}

/** @param random from 0 up to 1, as `Math.random`. */
export function pickMove(shape: HistoryShape, random: () => number, commit: number): Move {
  const below = (limit: number): number => Math.floor(random() * limit)
  const source = sourceFile(below(shape.packages), below(shape.filesPerPackage))
  const other = sourceFile(below(shape.packages), below(shape.filesPerPackage))
  const anywhere = random()
  const moves: readonly Move[] = [
    move('edit', ({ workTree }) => append(workTree, source, `// ${commit}\n`)),
    move('edit', ({ workTree }) => append(workTree, source, `// ${commit}\n`)),
    move('read-me', ({ workTree }) => append(workTree, 'README.md', `${commit}\n`)),
    move('document', ({ workTree }) => write(workTree, `docs/${commit}.md`, `${commit}\n`)),
    move('add', ({ workTree }) => write(workTree, `packages/new/${commit}.ts`, `${commit}\n`)),
    move('rename', ({ workTree }) => rename(workTree, source, `packages/moved/${commit}.ts`)),
    move('remove', ({ workTree }) => rmSync(join(workTree, source), { force: true })),
    move('mode', ({ workTree }) => {
      write(workTree, source, `// ${commit}\n`)
      chmodSync(join(workTree, source), 0o755)
    }),
    move('link', ({ workTree }) => {
      rmSync(join(workTree, source), { force: true })
      mkdirSync(dirname(join(workTree, source)), { recursive: true })
      symlinkSync(`${commit}`, join(workTree, source))
    }),
    move('back', ({ git }) => {
      const behind = Math.floor(anywhere * Number(git('rev-list', '--count', 'HEAD')))
      git('checkout', '-q', `HEAD~${behind}`, '--', 'packages')
    }),
    { name: 'amend', apply: () => ['--amend', '--allow-empty', '-m', `in other words ${commit}`] },
    { name: 'in part', apply: (repository) => applyInPart(repository, [source, other], commit) },
  ]
  return moves[below(moves.length)] as Move
}

function move(name: string, change: (repository: TestRepository) => void): Move {
  return {
    name,
    apply(repository) {
      change(repository)
      repository.git('add', '-A')
      return ['--allow-empty', '-m', name]
    },
  }
}

/** What is staged is not what lies in the work tree, which the next move commits. */
function applyInPart(
  { workTree, git }: TestRepository,
  [source, other]: readonly [string, string],
  commit: number,
): readonly string[] {
  append(workTree, source, `// staged ${commit}\n`)
  git('add', '-A')
  append(workTree, source, '// not staged\n')
  append(workTree, other, '// not staged\n')
  write(workTree, `packages/untracked/${commit}.ts`, '')
  return ['--allow-empty', '-m', 'in part']
}

function sourceFile(packageNumber: number, file: number): string {
  return `packages/p${packageNumber}/src/d${Math.floor(file / 25)}/f${file}.ts`
}

function write(workTree: string, name: string, text: string): void {
  const file = join(workTree, name)
  mkdirSync(dirname(file), { recursive: true })
  // A link would be written through.
  rmSync(file, { force: true })
  writeFileSync(file, text)
}

function append(workTree: string, name: string, text: string): void {
  const file = join(workTree, name)
  mkdirSync(dirname(file), { recursive: true })
  try {
    appendFileSync(file, text)
  } catch {
    write(workTree, name, text)
  }
}

function rename(workTree: string, from: string, to: string): void {
  mkdirSync(dirname(join(workTree, to)), { recursive: true })
  try {
    renameSync(join(workTree, from), join(workTree, to))
  } catch {
    write(workTree, to, 'renamed from nothing\n')
  }
}
