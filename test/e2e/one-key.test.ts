import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { expect, onTestFinished, test } from 'vitest'
import { expandCommand } from '../adapters/circleci/expand-steps.ts'
import { readOrb } from '../adapters/circleci/orb.ts'
import { runSteps } from '../adapters/circleci/run-steps.ts'
import { createMachine, runAction } from '../adapters/github/run-action.ts'
import { fillIn, readComponent } from '../adapters/gitlab/component.ts'
import { whyWithout } from '../adapters/gitlab/debian-tools.ts'
import { runJob } from '../adapters/gitlab/run-job.ts'
import { openJenkins, whyNoJenkins } from '../adapters/jenkins/open-jenkins.ts'
import { groovyText, scripted } from '../adapters/jenkins/pipeline-text.ts'
import { openRig } from '../rig/rig.ts'
import type { Rig } from '../rig/rig.ts'
import { startVaultServer } from '../rig/start-vault-server.ts'

/*
 * One repository and one task, on machines that have nothing in common but a server. To add a
 * platform, add a row to MACHINES: what is asked there for the task, the way that platform asks.
 */

interface Checkout {
  readonly rig: Rig
  readonly project: string
  /** The shared vault, and a cache of this machine's own. */
  readonly environment: Readonly<Record<string, string>>
}

interface Seen {
  readonly exitCode: number | null
  readonly output: string
}

type Machine = readonly [name: string, runTask: (checkout: Checkout) => Promise<Seen>]

const COMMAND = 'echo ran >> ../runs; cat src/a.txt > results.txt'
const DECLARATION = ['unit_tests', '--input', 'src/**', '--output', 'results.txt']
const RUN = path.resolve(import.meta.dirname, '../../gitlab-templates/templates/run/template.yml')

/** The control: what is run elsewhere as a line is run here by a shell of its own. */
const OTHER_COMMAND = 'another command'

const HOOK = 'a git hook'
const STEP = { task: 'unit_tests', inputs: 'src/**', path: 'results.txt', run: COMMAND }

const MACHINES: readonly Machine[] = [
  ['a laptop', (checkout) => taskvault(checkout, ['run', ...DECLARATION, '--command', COMMAND])],
  ['GitLab', (checkout) => onGitLab(checkout, ['sh', '-e'])],
  ['GitLab, in an image of Alpine', (checkout) => onGitLab(checkout, ['busybox', 'sh', '-e'])],
  ['CircleCI', onCircleCi],
  ['Jenkins', onJenkins],
  ['GitHub', (checkout) => onGitHub(checkout, STEP)],
  [
    'GitHub, as the project declares it',
    async (checkout) => {
      declare(checkout)
      return await onGitHub(checkout, { task: 'unit_tests' })
    },
  ],
  [HOOK, inHook],
  ['two halves', inHalves],
  [
    OTHER_COMMAND,
    (checkout) => taskvault(checkout, ['run', ...DECLARATION, '--', 'sh', '-c', COMMAND]),
  ],
]

/** What comes first does the work, and keeps for the others what it knows of it. */
test.each(['a laptop', 'GitHub'])('what %s has done has the same key everywhere', async (doer) => {
  await using rig = openRig({ 'src/a.txt': 'content' })
  await using server = await startVaultServer()
  // Only where its tool is missing, and never in CI, is one left out.
  const machines = MACHINES.filter(([name]) => {
    if (name.includes('Alpine')) return whyWithout('busybox') === undefined
    return name !== 'Jenkins' || process.env['CI'] !== undefined || whyNoJenkins === undefined
  }).toSorted(([one], [other]) => Number(other === doer) - Number(one === doer))
  const seen: (readonly [string, string | undefined, string])[] = []

  for (const [name, runTask] of machines) {
    const checkout = createCheckout(rig, { url: server.url, key: server.key })
    const { exitCode, output } = await runTask(checkout)
    expect(exitCode, `${name}: ${output}`).toBe(0)
    // A hook only wants to know whether it passed.
    if (name !== HOOK) {
      expect(readFileSync(path.join(checkout.project, 'results.txt'), 'utf8')).toBe('content')
    }
    seen.push([name, keyOf(output), ranIn(checkout) ? 'ran' : 'hit'])
  }

  const key = seen[0]?.[1]
  expect(key).toMatch(/^[0-9a-f]{64}$/)
  expect(seen).toEqual(
    machines.map(([name], index) => {
      if (name === OTHER_COMMAND) return [name, expect.not.stringMatching(key ?? ''), 'ran']
      return [name, key, index === 0 ? 'ran' : 'hit']
    }),
  )
})

test('a cache starts from what another machine has saved', async () => {
  await using rig = openRig({ 'src/a.txt': '1' })
  await using server = await startVaultServer()
  const place = { url: server.url, key: server.key }
  const words = ['npm', '--cache', '--input', 'src/**', '--output', 'kept', '--fallback', 'npm']

  const first = createCheckout(rig, place)
  await taskvault(first, ['restore', ...words])
  writeFileSync(path.join(first.project, 'kept'), 'of the first')
  await taskvault(first, ['save', 'npm'])
  const second = createCheckout(rig, place)
  writeFileSync(path.join(second.project, 'src/a.txt'), '2')
  const partial = await taskvault(second, ['restore', ...words])

  expect(partial.exitCode).toBe(1)
  expect(partial.output).toContain('starting from npm')
  expect(readFileSync(path.join(second.project, 'kept'), 'utf8')).toBe('of the first')
})

function createCheckout(rig: Rig, { url, key }: { url: string; key: string }): Checkout {
  const root = mkdtempSync(path.join(tmpdir(), 'taskvault-checkout-'))
  const project = path.join(root, 'project')
  mkdirSync(project)
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  cpSync(path.join(rig.project, 'src'), path.join(project, 'src'), { recursive: true })
  execFileSync('git', ['init', '-q', '-b', 'main', project])
  const environment = {
    TASKVAULT_REMOTE: url,
    TASKVAULT_TOKEN: key,
    TASKVAULT_CACHE_DIR: path.join(root, 'cache'),
  }
  return { rig, project, environment }
}

async function taskvault(checkout: Checkout, words: readonly string[]): Promise<Seen> {
  const { rig, project, environment } = checkout
  const shown = words[0] === 'save' ? words : withKey(words)
  const ran = await rig.run(['taskvault', '-C', project, ...shown], { env: environment })
  return { exitCode: ran.exitCode, output: ran.stdout + ran.stderr }
}

function withKey([verb = '', task = '', ...words]: readonly string[]): readonly string[] {
  return [verb, task, '--show-key', ...words]
}

async function inHalves(checkout: Checkout): Promise<Seen> {
  const restored = await taskvault(checkout, ['restore', ...DECLARATION, '--command', COMMAND])
  if (restored.exitCode !== 1) return restored
  execFileSync('sh', ['-c', COMMAND], { cwd: checkout.project })
  const saved = await taskvault(checkout, ['save', 'unit_tests'])
  return { exitCode: saved.exitCode, output: restored.output + saved.output }
}

async function onGitLab(
  { rig, project, environment }: Checkout,
  shell: readonly string[],
): Promise<Seen> {
  const inputs = {
    task: 'unit_tests',
    command: COMMAND,
    inputs: 'src/**\n',
    outputs: 'results.txt\n',
    cli: path.join(path.dirname(rig.project), 'bin', 'taskvault'),
    remote: environment['TASKVAULT_REMOTE'],
    'cache-dir': environment['TASKVAULT_CACHE_DIR'],
  }
  const [job] = Object.values(fillIn(readComponent(RUN), inputs))
  const ofGitLab = { GITLAB_CI: 'true', CI_COMMIT_BRANCH: 'main', CI_JOB_ID: '1' }
  return await runJob(job, { shell, project, environment: { ...ofGitLab, ...environment } })
}

async function onJenkins({ rig, project, environment }: Checkout): Promise<Seen> {
  await using jenkins = await openJenkins()
  const { TASKVAULT_REMOTE: url = '', TASKVAULT_TOKEN: key = '', ...own } = environment
  const parameters = `task: 'unit_tests', inputs: ['src/**'], outputs: ['results.txt'],
    command: ${groovyText(COMMAND)}, remote: '${url}', credentialsId: 'vault'`
  const { result, log } = await jenkins.build({
    jenkinsfile: scripted(`taskvaultCache(${parameters}) { sh ${groovyText(COMMAND)} }`),
    workspace: project,
    agentEnv: {
      PATH: [path.join(path.dirname(rig.project), 'bin'), process.env['PATH']].join(path.delimiter),
      ...own,
    },
    buildEnv: { JENKINS_URL: 'http://127.0.0.1/', BRANCH_NAME: 'main' },
    credentials: { vault: key },
  })
  return { exitCode: result === 'SUCCESS' ? 0 : 1, output: log }
}

function declare({ project }: Checkout): void {
  const task = { command: COMMAND, inputs: ['src/**'], outputs: ['results.txt'] }
  const tasks = { unit_tests: { ...task, hooks: ['pre-commit'] } }
  mkdirSync(path.join(project, '.taskvault'))
  writeFileSync(path.join(project, '.taskvault/config.yaml'), JSON.stringify({ tasks }))
}

/** A hook takes the task from the project's configuration, and its content from what is staged. */
async function inHook(checkout: Checkout): Promise<Seen> {
  const { rig, project, environment } = checkout
  declare(checkout)
  execFileSync('git', ['add', '-A'], { cwd: project })
  const words = ['taskvault', '-C', project, 'hooks', 'run', 'pre-commit']
  const asked = await rig.run([...words, '--json'], { env: environment })
  const { exitCode, stdout, stderr } = await rig.run(words, { env: environment })
  return { exitCode, output: asked.stdout + stdout + stderr }
}

async function onGitHub(
  { project, environment }: Checkout,
  step: Readonly<Record<string, string>>,
): Promise<Seen> {
  const { TASKVAULT_REMOTE: url = '', TASKVAULT_TOKEN: key = '', ...own } = environment
  const { env } = createMachine({ url, key })
  const machine = { workspace: project, env: { ...env, GITHUB_WORKSPACE: project, ...own } }
  const done = await runAction(machine, { inputs: { ...step, remote: url, token: key } })
  expect(done.log).toContain(done.outputs['cache-primary-key'])
  return { exitCode: done.exitCode, output: done.log }
}

async function onCircleCi({ rig, project, environment }: Checkout): Promise<Seen> {
  const packed = path.resolve(import.meta.dirname, '../../orbs/taskvault/orb.yml')
  const steps = expandCommand(readOrb(readFileSync(packed, 'utf8')), 'run_task', {
    task: 'unit_tests',
    command: COMMAND,
    inputs: 'src/**\n',
    outputs: 'results.txt\n',
    cli: path.join(path.dirname(rig.project), 'bin', 'taskvault'),
    remote: environment['TASKVAULT_REMOTE'],
    cache_dir: environment['TASKVAULT_CACHE_DIR'],
    keep: false,
  })
  const ofCircleCi = { CIRCLECI: 'true', CIRCLE_BRANCH: 'main' }
  return await runSteps(steps, { project, environment: { ...ofCircleCi, ...environment } })
}

function ranIn({ project }: Checkout): boolean {
  try {
    return readFileSync(path.join(project, '../runs'), 'utf8') === 'ran\n'
  } catch {
    return false
  }
}

function keyOf(output: string): string | undefined {
  return /(?:: key |"key": ?")([0-9a-f]{64})/.exec(output)?.[1]
}
