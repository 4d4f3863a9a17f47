import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** What a path in a project is made as: a file's text, or more than that. */
export type PathContent =
  | string
  | Uint8Array
  | { readonly target: string }
  | { readonly executable: string }

/** A directory of its own for one test, removed when it is disposed. */
export interface TemporaryProject extends Disposable {
  readonly root: string
  /** Makes files and symlinks, and the directories that they lie in. */
  write(paths: Readonly<Record<string, PathContent>>): void
  remove(relativePath: string): void
  makePipe(relativePath: string): void
  /** Runs git in the project, with no configuration but its own, and returns what it prints. */
  git(...args: readonly string[]): string
}

export function openProject(paths: Readonly<Record<string, PathContent>> = {}): TemporaryProject {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'taskvault-project-')))
  const project: TemporaryProject = {
    root,
    write: (more) => {
      for (const [relativePath, content] of Object.entries(more))
        writePath(join(root, relativePath), content)
    },
    remove: (relativePath) => rmSync(join(root, relativePath), { recursive: true }),
    makePipe: (relativePath) =>
      void execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', join(root, relativePath)]),
    git: (...args) =>
      execFileSync('git', args, {
        cwd: root,
        env: gitEnvironment(),
        encoding: 'utf8',
        stdio: 'pipe',
      }),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  }
  project.write(paths)
  return project
}

/** An environment in which git depends on nobody's settings, and can commit. */
export function gitEnvironment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'A',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'A',
    GIT_COMMITTER_EMAIL: 'a@example.com',
    // Submodules of tests are directories.
    GIT_ALLOW_PROTOCOL: 'file',
  }
}

function writePath(path: string, content: PathContent): void {
  mkdirSync(dirname(path), { recursive: true })
  if (typeof content === 'string' || content instanceof Uint8Array)
    return writeFileSync(path, content)
  if ('target' in content) return symlinkSync(content.target, path)
  writeFileSync(path, content.executable)
  chmodSync(path, 0o755)
}
