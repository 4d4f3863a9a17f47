import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

/** An open-source package whose tarball has its tests, and what those tests need. */
export const PACKAGE = 'find-my-way@9.10.1'
const TEST_DEPENDENCIES = ['rfdc@1.4.1', 'proxyquire@2.1.3']

const CONFIG = `cache_dir: .taskvault/cache
tasks:
  unit_tests:
    command: >-
      node --test
      --test-reporter=dot --test-reporter-destination=stdout
      --test-reporter=junit --test-reporter-destination=results.xml
      "test/*.test.js"
    inputs: [index.js, lib/**, test/**, package.json, node_modules/.package-lock.json]
    outputs: [results.xml]
    tools: [node --version]
`

/**
 * Installs the package below `directory` and gives it a TaskVault configuration.
 * @returns the package's own directory; undefined when npm could not get it, having said why.
 */
export function installProject(directory: string): string | undefined {
  const words = [
    'install',
    PACKAGE,
    ...TEST_DEPENDENCIES,
    '--prefix',
    directory,
    '--ignore-scripts',
  ]
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  const isWindows = process.platform === 'win32'
  const result = spawnSync('npm', [...words, ...quiet], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: isWindows,
  })
  if (result.status !== 0) return undefined

  const project = path.join(directory, 'project')
  const installed = path.join(directory, 'node_modules', 'find-my-way')
  cpSync(installed, project, { recursive: true })
  rmSync(installed, { recursive: true })
  renameSync(path.join(directory, 'node_modules'), path.join(project, 'node_modules'))
  mkdirSync(path.join(project, '.taskvault'))
  writeFileSync(path.join(project, '.taskvault', 'config.yaml'), CONFIG)
  return project
}
