import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createMachine } from '../adapters/github/run-action.ts'
import type { Done, Machine } from '../adapters/github/run-action.ts'
import { runSteps } from '../adapters/github/run-workflow.ts'
import type { StepsDone } from '../adapters/github/run-workflow.ts'
import { decoded } from '../adapters/github/runner-log.ts'
import { copyDependencies, copyPackage } from '../rig/real-package.ts'
import { startVaultServer } from '../rig/start-vault-server.ts'
import type { VaultServer } from '../rig/start-vault-server.ts'

/*
 * A job of five steps on a real package with tests of its own, as a runner runs it, each time on a
 * new machine that shares nothing with the others but the cache service. Two steps run its tests.
 */

const USES = 'uses: taskvault/cache-action@0000000000000000000000000000000000000000 # v1'
/** Of both steps that run tests. */
const DECLARED = `inputs: |
      index.js
      lib/**
      test/**
      package.json
      !**/*.md
    env: FLAVOUR
    tools: |
      node --version
      toolbox --version
    save-if: \${{ github.ref == 'refs/heads/main' }}`
const NODE =
  'node --test --test-isolation=none --test-reporter=spec --test-reporter-destination=stdout --test-reporter=junit'

const STEPS = `
- id: packages
  ${USES}
  with:
    task: packages
    inputs: package.json
    path: node_modules
- id: install
  if: steps.packages.outputs.should-skip != 'true'
  run: cp -R "$PACKAGES" node_modules
- id: issues
  ${USES}
  with:
    task: issues
    ${DECLARED}
    path: issues.xml
    run: |
      echo ran >> ../runs
      ${NODE} --test-reporter-destination=issues.xml test/*issue-*.test.js
      echo "::notice file=index.js::old issues stay closed"
      echo "tests=$(grep -c '<testcase' issues.xml)" >> "$GITHUB_OUTPUT"
- id: rest
  ${USES}
  with:
    task: rest
    ${DECLARED}
    path: |
      rest.xml
      tools
    run: |
      echo ran >> ../runs
      ${NODE} --test-reporter-destination=rest.xml $(ls test/*.test.js | grep -v -e issue- -e methods -e shorthands)
      node --test test/methods.test.js test/shorthands.test.js >&2
      mkdir tools
      printf '#!/bin/sh\\necho "and a command"\\n' > tools/made-here
      chmod +x tools/made-here
      echo "$PWD/tools" >> "$GITHUB_PATH"
      echo "RESULT=passed" >> "$GITHUB_ENV"
      printf 'report<<END\\n%s tests\\nin two lines\\nEND\\n' "$(grep -c '<testcase' rest.xml)" >> "$GITHUB_OUTPUT"
      echo "| tests | $RESULT |" >> "$GITHUB_STEP_SUMMARY"
- id: after
  run: echo "\${{ steps.issues.outputs.tests }}, \${{ steps.rest.outputs.report }}, $RESULT $(made-here)"
`

/** One thing that changes, and the reason for which the tests run again; undefined: they do not. */
const CHANGES: readonly (readonly [
  name: string,
  reason: string | undefined,
  change: (machine: Machine) => void,
])[] = [
  [
    'a test that is called something else',
    'renamed: test/issue-17.test.js to test/issue-017.test.js',
    ({ workspace }) =>
      renameSync(
        path.join(workspace, 'test/issue-17.test.js'),
        path.join(workspace, 'test/issue-017.test.js'),
      ),
  ],
  [
    'chmod +x',
    'now executable: lib/node.js',
    ({ workspace }) => chmodSync(path.join(workspace, 'lib/node.js'), 0o755),
  ],
  [
    'a variable that the steps declare',
    'environment variable FLAVOUR has a different value',
    ({ env }) => void (env['FLAVOUR'] = 'sweet'),
  ],
  [
    'tool version changed',
    'tool version changed: toolbox --version',
    (machine) => installToolbox(machine, '2.0'),
  ],
  [
    'an edit of the README',
    undefined,
    ({ workspace }) => writeFileSync(path.join(workspace, 'README.md'), 'edited'),
  ],
]

test('tests run again for what they read, by that very reason, and for nothing else', async () => {
  await using server = await startVaultServer()

  const first = await runJob(server)
  const second = await runJob(server)
  const changed = []
  for (const [name, , change] of CHANGES) {
    const { done } = await runJob(server, (machine) => {
      // What a topic tries is not to be what the next one is compared with.
      machine.env['GITHUB_REF'] = 'refs/heads/topic'
      change(machine)
    })
    changed.push([name, seenOf(done.get('issues')), seenOf(done.get('rest'))])
  }

  expect(first.ran).toBe(2)
  const [posts, own] = [
    ['post of rest', 'post of issues', 'post of packages'],
    ['issues', 'rest'],
  ]
  expect([...first.done.keys()]).toEqual(['packages', 'install', ...own, 'after', ...posts])
  expect(statusesOf(first.done)).toEqual(['miss', 'miss', 'miss'])
  const last = `${first.done.get('after')?.log}`
  expect(last).toMatch(/^\d+, \d{3} tests\nin two lines, passed and a command\n$/)

  expect(second.ran).toBe(0)
  expect(second.done.has('install')).toBe(false)
  expect(statusesOf(second.done)).toEqual(['exact', 'exact', 'exact'])
  expect(second.done.get('after')?.log).toBe(last)
  for (const id of own) {
    expect(toldBy(second.done.get(id))).toEqual(toldBy(first.done.get(id)))
    const [ran, hit] = [first, second].map(({ done }) => printedBy(done.get(id)))
    expect(ran?.length).toBeGreaterThan(1000)
    expect(hit).toBe(ran)
  }
  expect(second.results).toEqual(first.results)

  const expected = CHANGES.map(([name, reason]) => {
    const reasons = reason === undefined ? [] : [reason]
    const seen = { status: reason === undefined ? 'exact' : 'miss', onPage: reasons, isInLog: true }
    return [name, seen, seen]
  })
  expect(changed).toEqual(expected)
}, 600_000)

interface Job {
  readonly done: StepsDone
  /** How many steps have run their tests. */
  readonly ran: number
  /** What is at the paths that the steps declare. */
  readonly results: readonly (string | number)[]
}

/** The job on a new machine. */
async function runJob(
  server: VaultServer,
  change: (machine: Machine) => void = () => {},
): Promise<Job> {
  const machine = createMachine(server)
  const { workspace, env } = machine
  copyPackage(workspace)
  env['PACKAGES'] = path.join(workspace, '../packages')
  copyDependencies(env['PACKAGES'])
  env['FLAVOUR'] = 'plain'
  installToolbox(machine, '1.0')
  change(machine)
  const done = await runSteps(machine, STEPS)
  for (const [id, { exitCode, log }] of done) expect(exitCode, `${id}: ${log}`).toBe(0)
  const read = (name: string): string => readFileSync(path.join(workspace, name), 'utf8')
  const runs = path.join(workspace, '../runs')
  return {
    done,
    ran: existsSync(runs) ? readFileSync(runs, 'utf8').split('\n').length - 1 : 0,
    results: [
      ...['issues.xml', 'rest.xml', 'tools/made-here'].map(read),
      statSync(path.join(workspace, 'tools/made-here')).mode,
    ],
  }
}

/** A tool of which only the version is known. */
function installToolbox({ workspace, env }: Machine, version: string): void {
  const bin = path.join(workspace, '../bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(path.join(bin, 'toolbox'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 })
  if (env['PATH']?.startsWith(bin) !== true) env['PATH'] = `${bin}:${env['PATH'] ?? ''}`
}

function statusesOf(done: StepsDone): readonly (string | undefined)[] {
  return ['packages', 'issues', 'rest'].map((id) => done.get(id)?.outputs['cache-status'])
}

/** What a step has told the runner for others, but for what the action says of the cache. */
function toldBy(done: Done | undefined): unknown {
  const { outputs, variables, directories, summary } = done ?? {}
  return {
    outputs: [outputs?.['tests'], outputs?.['report']],
    variables,
    // Every machine has its workspace elsewhere.
    directories: directories?.length,
    summary: /^\| tests .*$/m.exec(summary ?? '')?.[0],
  }
}

/** What a step has printed, but for what the action says, and the words around what is replayed. */
function printedBy(done: Done | undefined): string | undefined {
  return done?.log.replaceAll(
    /^(?:TaskVault: .*|::stop-commands::taskvault-\w+|::taskvault-\w+::)\n/gm,
    '',
  )
}

function seenOf(done: Done | undefined): unknown {
  const onPage = [...decoded(done?.summary ?? '').matchAll(/^- (.*)$/gm)].map(([, line]) => line)
  return {
    status: done?.outputs['cache-status'],
    onPage,
    isInLog: onPage.every((line) => done?.log.includes(`TaskVault: ${line}\n`)),
  }
}
