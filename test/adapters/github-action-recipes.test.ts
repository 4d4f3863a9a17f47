import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { expect, test, vi } from 'vitest'
import { parse, stringify } from 'yaml'
import { startVaultServer } from '../rig/start-vault-server.ts'
import type { VaultServer } from '../rig/start-vault-server.ts'
import { EXAMPLES, workflowOf } from './github/page-examples.ts'
import { createMachine, writeFiles } from './github/run-action.ts'
import type { Done, Machine } from './github/run-action.ts'
import { runSteps } from './github/run-workflow.ts'

/*
 * Examples of the page, their steps run by the built action and by the tools that they name. Those that need
 * more than Node are run where TASKVAULT_TEST_RECIPES is `all`: compiling takes its time.
 */

vi.setConfig({ testTimeout: 240_000 })

/** A checkout in which each example finds what it is about. */
const CHECKOUT = {
  '.gitignore': 'coverage\nnode_modules\n',
  'package.json': JSON.stringify({
    name: 'example',
    version: '1.0.0',
    workspaces: ['packages/*'],
    scripts: { test: 'mkdir -p coverage && node src/a.js > coverage/lines' },
  }),
  'package-lock.json': JSON.stringify({
    name: 'example',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: {
      '': { name: 'example', version: '1.0.0', workspaces: ['packages/*'] },
      'node_modules/shared': { resolved: 'packages/shared', link: true },
      'node_modules/web': { resolved: 'packages/web', link: true },
      'packages/shared': { version: '1.0.0' },
      'packages/web': { version: '1.0.0' },
    },
  }),
  'packages/shared/package.json': packageFile('shared', 'mkdir -p dist && cp shared.js dist'),
  'packages/shared/shared.js': 'export const shared = 1\n',
  'packages/web/package.json': packageFile('web', 'mkdir -p dist && cat ../shared/dist/* > dist/a'),
  'src/a.js': 'console.log("passed")\n',
  'test/a.js': '',
  'test_sums.py': 'def test_sum():\n    assert 1 + 1 == 2\n',
  'pyproject.toml': '[project]\nname = "example"\nversion = "1.0.0"\n',
  'Cargo.toml': '[package]\nname = "example"\nversion = "1.0.0"\nedition = "2021"\n',
  'Cargo.lock': 'version = 4\n\n[[package]]\nname = "example"\nversion = "1.0.0"\n',
  'src/lib.rs': '#[test]\nfn adds() {\n    assert_eq!(1 + 1, 2);\n}\n',
  'go.mod': 'module example.com/example\n\ngo 1.18\n',
  'sums_test.go': 'package example\n\nimport "testing"\n\nfunc TestSum(t *testing.T) {}\n',
  'build.gradle': '',
  'pom.xml': '',
  'gradle/wrapper/gradle-wrapper.properties': '',
  'app/src/Main.java': 'class Main {}\n',
}

/** The wrappers of Gradle and Maven fetch them first; these do what the cache sees of them. */
const SCRIPTS = {
  gradlew:
    '#!/bin/sh\nset -e\nmkdir -p app/build/libs ~/.gradle/caches ~/.gradle/wrapper\n' +
    'cp app/src/Main.java app/build/libs/app.jar\necho 1 > ~/.gradle/caches/modules\n',
  mvnw:
    '#!/bin/sh\nset -e\nmkdir -p target/surefire-reports ~/.m2/repository/junit\n' +
    'test "$*" = "--batch-mode test"\necho passed > target/surefire-reports/a.txt\n' +
    'echo 1 > ~/.m2/repository/junit/junit.pom\n',
  'install-tools': '#!/bin/sh\nmkdir -p ~/.tools && echo 1 > ~/.tools/tool\n',
}

const VALUES = {
  matrix: { node: '24', os: 'ubuntu-latest' },
  runner: { os: 'Linux' },
  hashFiles: 'a1b2c3',
}

const ABOUT_US = EXAMPLES.filter(({ text }) => text.includes('uses: taskvault/'))
const MORE_THAN_NODE = /cargo|go test|pytest|gradlew|mvnw/
const isForAll = process.env['TASKVAULT_TEST_RECIPES'] === 'all'
const FOR_FORKS = /^on: .*pull_request/m
const CHOSEN = ABOUT_US.filter(({ text }) => isForAll || !MORE_THAN_NODE.test(text)).filter(
  ({ text }) => !FOR_FORKS.test(text),
)

test.for(CHOSEN)('the example in line $line works, and is a hit elsewhere', async ({ text }) => {
  await using server = await startVaultServer()

  const first = await runExample(openMachine(server), text)
  const second = await runExample(openMachine(server), text)

  for (const { exitCode, log } of [...first, ...second]) {
    expect(exitCode, log).toBe(0)
    expect(log).not.toMatch(/::(warning|error)/)
  }
  expect(statusesOf(first)).toEqual(['miss'])
  expect(statusesOf(second)).toEqual(['exact'])
})

test('what a pull request makes is not saved, where the example says so', async () => {
  await using server = await startVaultServer()
  const [example = ''] = ABOUT_US.map(({ text }) => text).filter((text) => FOR_FORKS.test(text))
  const run = async (event: string) => {
    const machine = openMachine(server)
    machine.env['GITHUB_EVENT_NAME'] = event
    return statusesOf(await runExample(machine, example))
  }

  expect(await run('pull_request')).toEqual(['miss'])
  expect(await run('push')).toEqual(['miss'])
  // The control, and what a pull request is given.
  expect(await run('pull_request')).toEqual(['exact'])
})

async function runExample(machine: Machine, example: string): Promise<readonly Done[]> {
  const { jobs } = parse(workflowOf(example)) as {
    readonly jobs: Readonly<Record<string, { readonly steps: readonly unknown[] }>>
  }
  const steps = Object.values(jobs).flatMap((job) => job.steps)
  return [...(await runSteps(machine, stringify(steps), VALUES)).values()]
}

/** Each once. */
function statusesOf(steps: readonly Done[]): readonly string[] {
  return [...new Set(steps.flatMap(({ outputs }) => outputs['cache-status'] ?? []))]
}

function openMachine(server: VaultServer): Machine {
  const machine = createMachine(server)
  writeFiles(machine, { ...CHECKOUT, ...SCRIPTS })
  execFileSync('git', ['init', '--quiet'], { cwd: machine.workspace })
  for (const name of Object.keys(SCRIPTS)) chmodSync(path.join(machine.workspace, name), 0o755)
  // What other projects of a machine have left there.
  const home = machine.env['HOME'] ?? ''
  for (const directory of ['.npm', '.cargo/registry', 'go/pkg/mod', '.cache/go-build']) {
    mkdirSync(path.join(home, directory), { recursive: true })
    writeFileSync(path.join(home, directory, 'README'), '')
  }
  // Tools of this machine that have been installed for a person find what belongs to them there.
  Object.assign(machine.env, {
    RUSTUP_HOME: process.env['RUSTUP_HOME'] ?? path.join(homedir(), '.rustup'),
    GOCACHE: process.env['GOCACHE'] ?? path.join(homedir(), '.cache/go-build'),
    PYENV_ROOT: process.env['PYENV_ROOT'] ?? path.join(homedir(), '.pyenv'),
  })
  return machine
}

function packageFile(name: string, build: string): string {
  return JSON.stringify({ name, version: '1.0.0', scripts: { build } })
}
