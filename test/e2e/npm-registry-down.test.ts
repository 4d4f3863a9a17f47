import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { expandSteps } from '../adapters/circleci/expand-steps.ts'
import { readOrb } from '../adapters/circleci/orb.ts'
import type { Step } from '../adapters/circleci/orb.ts'
import { runSteps } from '../adapters/circleci/run-steps.ts'
import type { AdapterResult } from '../adapters/describe-cases.ts'
import { asMap, fillIn, readComponent } from '../adapters/gitlab/component.ts'
import { whyWithout } from '../adapters/gitlab/debian-tools.ts'
import { runJob } from '../adapters/gitlab/run-job.ts'
import { openRig } from '../rig/rig.ts'
import { startBadRegistry } from '../rig/start-bad-registry.ts'
import type { BadRegistry, Trouble } from '../rig/start-bad-registry.ts'

/*
 * GitLab's and CircleCI's jobs install the command with npm. When the registry is in trouble, so is
 * the cache, and that never fails a build: what was to be run is run, within seconds.
 */

const ROOT = path.resolve(import.meta.dirname, '../..')
const orb = readOrb(readFileSync(path.join(ROOT, 'orbs/taskvault/orb.yml'), 'utf8'))
const COMMAND = 'echo made > out.txt; echo it ran; exit 3'
/** npm's own patience, by default, is minutes. */
const PATIENCE_MS = 50_000

const WARNING: unknown = expect.stringMatching(
  /^warning: this job runs without the cache: npm could not install @taskvault\/cli@\S+: .*\bhttp:\/\/127.*/,
)

type Job = (place: Place) => Promise<AdapterResult>

const RUN_AS_GIVEN = { name: 'run', task: 'unit_tests', command: COMMAND } as const

const TASKS: readonly (readonly [string, Job])[] = [
  ['GitLab', (place) => onGitLab(place, RUN_AS_GIVEN)],
  [
    'CircleCI',
    (place) => onCircleCi(place, [{ run_task: { ...TASK, command: COMMAND, keep: false } }]),
  ],
]
const TASK = { task: 'unit_tests', inputs: 'src/**' }

const LIMIT_SECONDS = 2
const BOUNDED: readonly (readonly [string, Job])[] = [
  ['GitLab', (place) => onGitLab(place, { ...RUN_AS_GIVEN, 'install-timeout': LIMIT_SECONDS })],
  [
    'CircleCI',
    (place) =>
      onCircleCi(place, [
        { run_task: { ...TASK, command: COMMAND, keep: false, install_timeout: LIMIT_SECONDS } },
      ]),
  ],
]

const TROUBLES: readonly Trouble[] = ['refuses', 'hangs', 'answers 500']

const noNpm = whyWithout('npm')
const noTimeout = whyWithout('timeout')

describe.skipIf(noNpm !== undefined)('when the registry of npm', () => {
  describe.each(TROUBLES)('%s', (trouble) => {
    test.each(TASKS)('a task on %s runs, with one warning', async (_, runTask) => {
      await using place = await openPlace(trouble)
      const startedAtMs = performance.now()

      const ran = await runTask(place)

      expect(performance.now() - startedAtMs).toBeLessThan(PATIENCE_MS)
      expect(place.registry.requests()).toBeLessThanOrEqual(2)
      expect(ran.exitCode, ran.output).toBe(3)
      expect(linesOf(ran)).toEqual(['it ran', WARNING])
      expect(existsSync(path.join(place.project, 'out.txt'))).toBe(true)
    })
  })

  test.skipIf(noTimeout !== undefined).each(BOUNDED)(
    'drips, a task on %s waits for it as long as it was told to',
    async (_, runTask) => {
      await using place = await openPlace('drips')

      const ran = await runTask(place)

      expect(ran.exitCode, ran.output).toBe(3)
      expect(linesOf(ran)).toEqual([
        'it ran',
        expect.stringMatching(
          `^warning: this job runs without the cache: .*: npm took longer than ${LIMIT_SECONDS} s$`,
        ),
      ])
    },
  )

  test('what a job of GitLab asks of the command itself is a miss, and its commands run', async () => {
    await using place = await openPlace('refuses')
    const line = 'taskvault run lint --input "src/**" --env HOME -- sh -c "echo it ran; exit 4"'

    const ran = await onGitLab(place, { name: 'setup', script: [line] })

    expect(ran.exitCode, ran.output).toBe(4)
    expect(linesOf(ran)).toEqual(['it ran', WARNING])
  })

  test('a job of GitLab that keeps a cache goes on without it, and asks npm once', async () => {
    await using place = await openPlace('answers 500')
    const given = { name: 'cache', key: 'npm', paths: 'modules', 'key-files': 'lock' } as const

    const ran = await onGitLab(place, { ...given, script: ['echo it ran'] })
    const saved = await onGitLab(place, { ...given, part: 'after_script' })

    expect(ran.exitCode, ran.output).toBe(0)
    expect(linesOf(ran)).toEqual(['it ran', WARNING])
    expect(saved).toEqual({ exitCode: 0, output: '' })
    expect(place.registry.requests()).toBeLessThanOrEqual(2)
  })

  test('a job of CircleCI goes on from step to step, and asks npm once', async () => {
    await using place = await openPlace('answers 500')

    const ran = await onCircleCi(place, [
      { restore: { key: 'npm', key_files: 'lock', paths: 'modules' } },
      { run: { name: 'Install', command: 'echo installing' } },
      { save: { key: 'npm' } },
      { run_task: { ...TASK, command: 'echo it ran', keep: false } },
    ])

    expect(ran.exitCode, ran.output).toBe(0)
    expect(linesOf(ran)).toEqual(['installing', 'it ran', WARNING])
    expect(place.registry.requests()).toBeLessThanOrEqual(2)
  })

  test.each([
    ['GitLab', (place: Place) => onGitLab(place, { name: 'run', task: 'declared' })],
    [
      'CircleCI',
      (place: Place) => onCircleCi(place, [{ run_task: { task: 'declared', keep: false } }]),
    ],
  ])('a task on %s that only the configuration declares says so', async (_, runTask) => {
    await using place = await openPlace('refuses')

    const ran = await runTask(place)

    expect(ran.exitCode, ran.output).toBe(69)
    expect(ran.output).toMatch(
      /taskvault: task "declared" was not run: npm .*\nGive the same command to the job as a parameter/,
    )
  })
})

test('what stands in for the command knows which options take a value', async () => {
  await using rig = openRig()
  const { stdout } = await rig.taskvault(['run', '--help'])
  const standIn = readFileSync(
    path.join(ROOT, 'orbs/taskvault/src/scripts/without-taskvault.sh'),
    'utf8',
  )
  const options = [...stdout.matchAll(/(--[a-z-]+) </g)].map(([, option = '']) => option)

  expect(options).toContain('--input')
  expect(options.filter((option) => !standIn.includes(` ${option}`))).toEqual([])
})

interface Place extends AsyncDisposable {
  readonly project: string
  readonly registry: BadRegistry
  readonly environment: Readonly<Record<string, string>>
}

async function openPlace(trouble: Trouble): Promise<Place> {
  const root = mkdtempSync(path.join(tmpdir(), 'taskvault-registry-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const project = path.join(root, 'project')
  mkdirSync(project)
  const registry = await startBadRegistry(trouble)
  return {
    project,
    registry,
    environment: {
      HOME: root,
      NPM_CONFIG_REGISTRY: registry.url,
      CI_JOB_ID: '7',
      CIRCLE_WORKFLOW_JOB_ID: '7',
    },
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  }
}

interface GitLabJob {
  readonly name: 'run' | 'setup' | 'cache'
  readonly script?: readonly string[]
  /** The part of the job that is played; `before_script` and `script` unless given. */
  readonly part?: 'after_script'
  readonly [input: string]: unknown
}

async function onGitLab(
  { project, environment }: Place,
  { name, script, part, ...inputs }: GitLabJob,
): Promise<AdapterResult> {
  const file = path.join(ROOT, 'gitlab-templates/templates', name, 'template.yml')
  const [job] = Object.values(fillIn(readComponent(file), inputs)).map(asMap)
  const played =
    part === undefined
      ? { ...job, ...(script && { script }) }
      : { ...job, before_script: job?.[part], script: [] }
  return await runJob(played, {
    shell: ['sh', '-e'],
    project,
    environment: { ...environment, CI_JOB_STATUS: 'success' },
  })
}

function linesOf({ output }: AdapterResult): readonly string[] {
  return output.trimEnd().split('\n').toSorted()
}

async function onCircleCi(
  { project, environment }: Place,
  steps: readonly Step[],
): Promise<AdapterResult> {
  return await runSteps(expandSteps(orb, steps, {}), { project, environment })
}
