import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HooksView } from '../hook-files/hooks-view.ts'
import { installHooks } from '../hook-files/install-hooks.ts'
import type { Installation, InstallOptions } from '../hook-files/install-hooks.ts'
import { observeHooks } from '../hook-files/observe-hooks.ts'
import type { UninstallPlan, UninstallWishes } from '../hook-files/plan-uninstall.ts'
import { uninstallHooks } from '../hook-files/uninstall-hooks.ts'
import { GIT_HOOKS } from '../model/task.ts'
import { gitEnvironment, openProject } from './temporary-project.ts'
import type { PathContent } from './temporary-project.ts'

/** A git repository of its own, and what is done to its hooks. Its git says which version it is. */
export interface HookRepository extends Disposable {
  readonly root: string
  readonly env: Record<string, string>
  install(wishes?: Partial<InstallOptions>, cwd?: string): Promise<Installation>
  uninstall(wishes?: Partial<UninstallWishes>, cwd?: string): Promise<UninstallPlan>
  observe(cwd?: string): HooksView
  git(...args: readonly string[]): string
  write(paths: Readonly<Record<string, PathContent>>): void
  read(relativePath: string): string
  has(relativePath: string): boolean
  append(relativePath: string, text: string): void
  remove(relativePath: string): void
  commitAll(): void
  /** Sets what git's configuration of the user says. */
  configureGlobally(key: string, value: string): void
  /** A new directory outside of the repository. */
  makeDirectory(): string
  addWorkTree(): string
}

export function openHookRepository(
  paths: Readonly<Record<string, PathContent>> = {},
  { gitVersion = '2.54.0' }: { readonly gitVersion?: string } = {},
): HookRepository {
  const project = openProject()
  const beside = realpathSync(mkdtempSync(join(tmpdir(), 'taskvault-beside-')))
  const env = { ...gitEnvironment(), HOME: beside, PATH: addGit(beside, gitVersion) }
  const { root } = project
  const at = (relativePath: string): string => join(root, relativePath)
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: root, env, encoding: 'utf8', stdio: 'pipe' })
  git('init', '-q', '-b', 'main', '--template=')
  mkdirSync(at('.git/hooks'))
  mkdirSync(at('.git/info'))
  project.write(paths)
  let directories = 0
  return {
    root,
    env,
    install: (wishes = {}, cwd = root) =>
      installHooks({ cwd, env, projectRoot: cwd, wishes: { ...WISHES, ...wishes } }),
    uninstall: (wishes = {}, cwd = root) =>
      uninstallHooks({ cwd, env, wishes: { discardEdits: false, mayShare: false, ...wishes } }),
    observe: (cwd = root) => observeHooks(cwd, env),
    git,
    write: project.write,
    read: (relativePath) => readFileSync(at(relativePath), 'utf8'),
    has: (relativePath) => existsSync(at(relativePath)),
    append: (relativePath, text) => appendFileSync(at(relativePath), text),
    remove: project.remove,
    commitAll: () => {
      git('add', '-A')
      git('commit', '-q', '-m', 'all')
    },
    configureGlobally: (key, value) => void git('config', '--global', key, value),
    makeDirectory: () => {
      directories += 1
      const directory = join(beside, `directory ${directories}`)
      mkdirSync(directory)
      return directory
    },
    addWorkTree: () => {
      const linked = join(beside, 'linked')
      git('worktree', 'add', '-q', '--detach', linked)
      return linked
    },
    [Symbol.dispose]: () => {
      project[Symbol.dispose]()
      rmSync(beside, { recursive: true, force: true })
    },
  }
}

const WISHES: InstallOptions = {
  hooks: GIT_HOOKS,
  method: undefined,
  mayShare: false,
  discardEdits: false,
  version: '1.0.0',
  command: { node: process.execPath, script: '/opt/taskvault/bin/taskvault.js' },
}

/** The machine's own git under another number: planning goes by what it says of itself. */
function addGit(directory: string, version: string): string {
  const bin = join(directory, 'bin')
  mkdirSync(bin)
  const script = `#!/bin/sh
for word; do [ "$word" != version ] || { echo 'git version ${version}'; exit; }; done
PATH=\${PATH#*:} exec git "$@"
`
  writeFileSync(join(bin, 'git'), script)
  chmodSync(join(bin, 'git'), 0o755)
  return `${bin}:${process.env['PATH'] ?? ''}`
}
