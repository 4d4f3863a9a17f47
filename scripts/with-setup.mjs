/*
 * Prepares this checkout, then runs a command in it: `node scripts/with-setup.mjs COMMAND…`.
 *
 * It needs npm and any Node from 20 on, so it is plain JavaScript that imports nothing but Node. It
 * installs what pnpm-lock.yaml names (Node 24 and pnpm are among it), builds the packages, and runs
 * COMMAND with node_modules/.bin first on PATH. What has not changed since the last time is skipped.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const isWindows = process.platform === 'win32'
const stampPath = path.join(root, 'node_modules', '.installed-for')

const [program, ...words] = process.argv.slice(2)
if (program === undefined) {
  stop('Usage: node scripts/with-setup.mjs COMMAND…', 64)
}
installUnlessDone()
build()
process.exitCode = run(program, words)

function installUnlessDone() {
  const stamp = describeWanted()
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp) return
  process.stderr.write('Installing the dependencies (once for each change of pnpm-lock.yaml)…\n')
  const flags = ['--frozen-lockfile', '--prod=false', '--config.confirmModulesPurge=false']
  const status = runPnpm(['install', ...flags])
  if (status !== 0) {
    stop('Could not install the dependencies. Is the npm registry within reach?', status)
  }
  checkNode()
  writeFileSync(stampPath, stamp)
}

/** What an installation depends on, as one line. */
function describeWanted() {
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml']
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(path.join(root, file))).update('\0')
  return `${process.platform}-${process.arch} ${hash.digest('hex')}\n`
}

function runPnpm(pnpmWords) {
  const wanted = readJson('package.json').packageManager
  if (isInstalled(wanted)) return run('pnpm', pnpmWords)
  // pnpm does not start on Node 20, so a Node that it starts on comes along.
  const packages = ['--package=node@24', `--package=${wanted}`]
  const npmWords = ['exec', '--yes', '--loglevel=error', ...packages, '--', 'pnpm', ...pnpmWords]
  // npm tells scripts where it lies. Through that path no shell is needed, on Windows either.
  const npm = process.env['npm_execpath'] ?? ''
  if (path.basename(npm) === 'npm-cli.js') return run(process.execPath, [npm, ...npmWords])
  return run('npm', npmWords)
}

function isInstalled(wanted) {
  const manifest = 'node_modules/pnpm/package.json'
  if (!existsSync(path.join(root, manifest))) return false
  return wanted === `pnpm@${readJson(manifest).version}` && nodeVersion().startsWith('v24.')
}

function checkNode() {
  if (nodeVersion().startsWith('v24.')) return
  stop(
    'node_modules/.bin/node is not Node 24: does your npm configuration forbid install scripts?\n' +
      'The package "node" needs its script to run; or install Node 24 yourself and try again.',
    69,
  )
}

/** Of the Node that COMMAND will find first; empty when it does not start. */
function nodeVersion() {
  const result = spawnSync('node', ['--version'], { encoding: 'utf8', ...surroundings() })
  return result.stdout ?? ''
}

function build() {
  const result = spawnSync('turbo', ['run', 'build', '--output-logs=errors-only'], {
    encoding: 'utf8',
    ...surroundings(),
  })
  if (result.status === 0) return
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`)
  stop('The build failed.', result.status ?? 70)
}

/** Runs a command with our streams. Returns its exit code. */
function run(name, nameWords) {
  const result = spawnSync(name, nameWords, { stdio: 'inherit', ...surroundings() })
  if (result.error !== undefined) stop(`Could not run ${name}: ${result.error.message}`, 127)
  return result.status ?? 1
}

function surroundings() {
  const bin = path.join(root, 'node_modules', '.bin')
  const name = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH'
  const env = {
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    ...process.env,
    [name]: `${bin}${path.delimiter}${process.env[name] ?? ''}`,
  }
  // On Windows the commands in node_modules/.bin are scripts, which only a shell starts.
  return { cwd: root, env, shell: isWindows }
}

function readJson(relativePath) {
  return JSON.parse(readFileSync(path.join(root, relativePath), 'utf8'))
}

function stop(message, status) {
  process.stderr.write(`${message}\n`)
  process.exit(status)
}
