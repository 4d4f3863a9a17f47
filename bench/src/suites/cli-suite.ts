import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { compareTrees } from '../data/compare-trees.ts'
import { createRandomBytes } from '../data/generated-tree.ts'
import type { Contestant, Row } from '../measure/row.ts'
import type { Command } from '../measure/run-timed.ts'
import { atMostMore, atMostTimes } from '../measure/targets.ts'
import { type Bench, type Suite, copyTree, execute, freshPath, remove, time } from './bench.ts'
import { createProject, taskvault } from './taskvault.ts'

const OUTPUT_FILES = 20
const OUTPUT_FILE_BYTES = 10_000
const LOCKFILE_BYTES = 300_000

/** A hit as a process: one lockfile is read, twenty files that are gone come back. */
export const cliSuite: Suite = {
  name: 'cli',
  needsBytes: 0.3e9,
  createRows: (bench) => [hitRow(bench)],
}

function hitRow(bench: Bench): Row {
  const pattern = freshPath(bench, 'cli', 'pattern')
  writePattern(pattern)
  return {
    name: 'cli-hit',
    operation: '`taskvault cache get` hit, as a process',
    state: '-',
    targets: [
      atMostMore(60, 'node -e 0'),
      atMostTimes(0.5, 'turbo'),
      atMostTimes(0.3, 'wireit, npm run'),
    ],
    rounds: 21,
    warmUps: 3,
    contestants: [
      ours(bench, pattern),
      {
        name: 'node -e 0',
        command: 'node -e 0',
        run: () => time(bench, { file: process.execPath, args: ['-e', '0'], cwd: pattern }),
      },
      turbo(bench, pattern, 'shim'),
      turbo(bench, pattern, 'native'),
      wireit(bench, pattern, ['npm', 'run', 'build']),
      wireit(bench, pattern, [process.execPath, '--run', 'build']),
    ],
  }
}

/** Written once; each contestant gets a copy, builds it once, and from then on restores `dist`. */
function writePattern(directory: string): void {
  const random = createRandomBytes('cli')
  mkdirSync(join(directory, 'dist-source'), { recursive: true })
  writeFileSync(join(directory, 'inputs.txt'), random(LOCKFILE_BYTES / 2).toString('hex'))
  for (let index = 0; index < OUTPUT_FILES; index += 1) {
    const content = random(OUTPUT_FILE_BYTES / 2).toString('hex')
    writeFileSync(join(directory, 'dist-source', `chunk-${index}.js`), content)
  }
}

function ours(bench: Bench, pattern: string): Contestant {
  const project = freshPath(bench, 'cli', 'taskvault')
  return {
    name: 'taskvault',
    command: 'taskvault cache get build inputs.txt dist',
    setUp: () => {
      copyTree(pattern, project)
      createProject(project)
      copyTree(join(project, 'dist-source'), join(project, 'dist'))
      execute(bench, taskvault(project, 'cache', 'save', 'build', 'inputs.txt', 'dist'))
    },
    prepare: () => remove(join(project, 'dist')),
    run: () => time(bench, taskvault(project, 'cache', 'get', 'build', 'inputs.txt', 'dist')),
    check: () => assertRestored(project),
  }
}

function turbo(bench: Bench, pattern: string, form: 'shim' | 'native'): Contestant {
  const project = freshPath(bench, 'cli', `turbo-${form}`)
  const run = (): Command => turboCommand(form, project)
  return {
    name: form === 'shim' ? 'turbo' : 'turbo, native binary',
    command: form === 'shim' ? 'turbo run build' : 'turbo run build (without its Node launcher)',
    needs: ['turbo'],
    setUp: () => {
      copyTree(pattern, project)
      writeJson(join(project, 'package.json'), buildProject('npm@11.0.0', BUILD_SCRIPT))
      writeJson(join(project, 'package-lock.json'), { lockfileVersion: 3, packages: {} })
      const build = { inputs: ['inputs.txt'], outputs: ['dist/**'] }
      writeJson(join(project, 'turbo.json'), { tasks: { build } })
      execute(bench, run())
    },
    prepare: () => remove(join(project, 'dist')),
    run: () => time(bench, run()),
    check: () => assertHit(project),
  }
}

/** As an installation in the project has it: the launcher, or the binary that it starts. */
function turboCommand(form: 'shim' | 'native', cwd: string): Command {
  const launcher = join(packageDirectory('turbo'), 'bin', 'turbo')
  const args = ['run', 'build']
  const env = { TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' }
  if (form === 'shim') return { file: process.execPath, args: [launcher, ...args], cwd, env }
  const platform = `${process.platform}-${process.arch === 'x64' ? '64' : process.arch}`
  const native = packageDirectory(`@turbo/${platform}`, launcher)
  return { file: join(native, 'bin', 'turbo'), args, cwd, env }
}

function wireit(bench: Bench, pattern: string, run: readonly [string, ...string[]]): Contestant {
  const form = run[0] === 'npm' ? 'npm run' : 'node --run'
  const project = freshPath(bench, 'cli', `wireit-${form.replace(/\W+/, '-')}`)
  const command: Command = { file: run[0], args: run.slice(1), cwd: project }
  return {
    name: `wireit, ${form}`,
    command: `${form} build`,
    needs: ['wireit', 'npm'],
    setUp: () => {
      copyTree(pattern, project)
      const build = { command: BUILD_SCRIPT, files: ['inputs.txt'], output: ['dist/**'] }
      const description = { ...buildProject('npm@11.0.0', 'wireit'), wireit: { build } }
      writeJson(join(project, 'package.json'), description)
      linkPackage('wireit', join(project, 'node_modules'))
      execute(bench, command)
    },
    prepare: () => remove(join(project, 'dist')),
    run: () => time(bench, command),
    check: () => assertHit(project),
  }
}

const BUILD_SCRIPT = 'cp -R dist-source dist && echo built >> built.log'

function buildProject(packageManager: string, build: string): object {
  return { name: 'hit', version: '1.0.0', private: true, packageManager, scripts: { build } }
}

function linkPackage(name: string, modules: string): void {
  mkdirSync(join(modules, '.bin'), { recursive: true })
  symlinkSync(packageDirectory(name), join(modules, name))
  symlinkSync(`../${name}/bin/${name}.js`, join(modules, '.bin', name))
}

function packageDirectory(name: string, from: string = import.meta.filename): string {
  return dirname(createRequire(from).resolve(`${name}/package.json`))
}

function writeJson(file: string, content: object): void {
  writeFileSync(file, JSON.stringify(content, undefined, 2))
}

/** The build must have run once, when it was set up, and the outputs must be there again. */
function assertHit(project: string): void {
  const builds = readFileSync(join(project, 'built.log'), 'utf8').trim().split('\n').length
  if (builds !== 1) throw new Error(`${project} was built ${builds} times instead of restored`)
  assertRestored(project)
}

function assertRestored(project: string): void {
  const dist = join(project, 'dist')
  if (!existsSync(dist)) throw new Error(`${dist} did not come back`)
  const differences = compareTrees(join(project, 'dist-source'), dist, true)
  const wrong = differences.find((line) => !line.endsWith('kind, mode, size or time'))
  if (wrong !== undefined) throw new Error(`${dist}: ${wrong}`)
}
