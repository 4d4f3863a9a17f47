import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sizeOfTree } from './walk.ts'

/** Projects with `package-lock.json` and `node_modules`; never written to after installing. */
export interface DependencyTrees {
  readonly base: string
  /** The base with eslint one minor version on: a dozen files changed, a package rewritten. */
  readonly eslint: string
  /** The base with next one patch version on: a 100 MB binary changed. */
  readonly next: string
  readonly files: number
  readonly bytes: number
}

interface TreePackages {
  readonly before: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly upgrades: { readonly eslint: string; readonly next: string }
}

const PACKAGES_FILE = new URL('../../tree-packages.json', import.meta.url)

/**
 * Installs the trees under `kept` unless they are there, made from the same list and whole.
 * Install scripts do not run. Takes a minute and the network the first time.
 */
export function installDependencyTrees(
  kept: string,
  report: (line: string) => void,
): DependencyTrees {
  const root = join(kept, 'trees')
  const marker = join(root, 'installed.json')
  const wanted = readFileSync(PACKAGES_FILE, 'utf8')
  const projects = {
    base: join(root, 'base'),
    eslint: join(root, 'eslint'),
    next: join(root, 'next'),
  }
  const size = (): { files: number; bytes: number } =>
    sizeOfTree(join(projects.base, 'node_modules'))
  if (existsSync(marker)) {
    const found = size()
    const state = JSON.stringify({ wanted, ...found })
    if (readFileSync(marker, 'utf8') === state) return { ...projects, ...found }
  }
  report(`installing the dependency trees into ${root}`)
  rmSync(root, { recursive: true, force: true })
  install(projects, JSON.parse(wanted) as TreePackages)
  const installed = size()
  writeFileSync(marker, JSON.stringify({ wanted, ...installed }))
  return { ...projects, ...installed }
}

function install(
  projects: { readonly base: string; readonly eslint: string; readonly next: string },
  packages: TreePackages,
): void {
  const { before, dependencies, upgrades } = packages
  mkdirSync(projects.base, { recursive: true })
  const description = { name: 'tree', version: '1.0.0', private: true, dependencies }
  writeFileSync(join(projects.base, 'package.json'), JSON.stringify(description, undefined, 2))
  npmInstall(projects.base, before, [])
  for (const name of ['eslint', 'next'] as const) {
    execute('cp', ['-a', projects.base, projects[name]], '/')
    npmInstall(projects[name], before, [`${name}@${upgrades[name]}`])
  }
}

function npmInstall(project: string, before: string, packages: readonly string[]): void {
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const exact = ['--save-exact', '--legacy-peer-deps', `--before=${before}`]
  execute('npm', ['install', ...quiet, ...exact, ...packages], project)
}

function execute(file: string, args: readonly string[], cwd: string): void {
  const done = spawnSync(file, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  if (done.error !== undefined) throw done.error
  if (done.status !== 0) throw new Error(`${file} ${args.join(' ')}: ${done.stderr.toString()}`)
}
