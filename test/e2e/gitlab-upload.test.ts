import { lstatSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { asMap, fillIn, readComponent } from '../adapters/gitlab/component.ts'
import { runJob } from '../adapters/gitlab/run-job.ts'
import { openRig } from '../rig/rig.ts'
import type { Rig } from '../rig/rig.ts'

/*
 * GitLab's own cache carries the vault. Its runner archives and uploads what the cache names, unless
 * all of it is as old as the archive or older: "Archive is up to date!".
 */

const TEMPLATES = path.resolve(import.meta.dirname, '../../gitlab-templates/templates')
const TASK = { task: 'unit', inputs: 'src', outputs: 'out', command: 'echo made > out' }
const CACHE = { key: 'npm', 'key-files': 'src/a.txt', paths: 'kept' }
const BY_HAND = "taskvault run unit --input src --output out --command 'echo made > out'"
const INSTALL = 'test -d kept || { mkdir kept; echo made > kept/a; }'

test.each([
  ['run', TASK, undefined],
  ['run', { ...TASK, command: 'echo made > out; exit 3', cached: true }, undefined],
  ['run', { ...TASK, 'cache-dir': 'build/vault' }, undefined],
  ['setup', {}, BY_HAND],
  ['cache', CACHE, INSTALL],
])(
  'a job with the component %s and %j has its vault uploaded after a save, not after a hit',
  async (...job) => {
    const { cached, ...inputs } = job[1] as Inputs
    await using runner = openRunner(job[0], inputs, job[2])
    if (cached === true) runner.rig.write('.taskvault/config.yaml', CACHES_FAILURES)

    expect(await runner.uploadsAfterJob()).toBe(true)
    expect(await runner.uploadsAfterJob()).toBe(false)
    expect(await runner.uploadsAfterJob()).toBe(false)

    // The same outputs for another content: nothing but the record of it is new.
    runner.rig.write('src/a.txt', 'changed')
    runner.rig.remove('kept')
    expect(await runner.uploadsAfterJob()).toBe(true)
    expect(await runner.uploadsAfterJob()).toBe(false)
  },
)

test('a job that fails, or may not save, has nothing uploaded', async () => {
  await using runner = openRunner('run', TASK)
  await runner.uploadsAfterJob()
  const { rig } = runner
  const failing = openRunner('run', { ...TASK, command: 'exit 3' }, undefined, rig)
  const reading = openRunner('run', { ...TASK, salt: 'other', policy: 'pull' }, undefined, rig)

  const before = newestIn(rig.resolve('.taskvault/cache'))
  for (const each of [failing, reading]) await each.playJob()

  expect(newestIn(rig.resolve('.taskvault/cache'))).toBe(before)
})

test('what a job saves before a hit is uploaded', async () => {
  const save = BY_HAND.replace('unit', 'other')
  await using first = openRunner('setup', {}, BY_HAND)
  await first.uploadsAfterJob()
  await using both = openRunner('setup', {}, `${save} && ${BY_HAND}`, first.rig)

  expect(await both.uploadsAfterJob()).toBe(true)
  expect(await both.uploadsAfterJob()).toBe(false)
})

test('a vault outside of the project keeps its times, for those who make backups of it', async () => {
  await using rig = openRig({ 'src/a.txt': '1' })
  const vault = rig.resolve('../vault')
  const inputs = { ...TASK, 'cache-dir': vault, 'runner-cache': [] }
  const runner = openRunner('run', inputs, undefined, rig)
  await runner.playJob()
  const before = newestIn(vault)

  await runner.playJob()

  expect(newestIn(vault)).toBeGreaterThan(before)
})

const CACHES_FAILURES = 'policies:\n  "*": { cache_failures: true }\n'

interface Inputs {
  readonly 'cache-dir'?: string
  readonly [name: string]: unknown
}

interface Runner extends AsyncDisposable {
  readonly rig: Rig
  playJob(): Promise<void>
  /** Plays a job, and tells whether a runner would then upload what the cache names. */
  uploadsAfterJob(): Promise<boolean>
}

function openRunner(
  name: string,
  inputs: Inputs,
  script?: string,
  rig = openRig({ 'src/a.txt': '1' }),
): Runner {
  const cli = path.join(rig.resolve('../bin'), 'taskvault')
  const component = readComponent(path.join(TEMPLATES, name, 'template.yml'))
  const [job] = Object.values(fillIn(component, { cli, ...inputs })).map(asMap)
  const vault = rig.resolve(inputs['cache-dir'] ?? '.taskvault/cache')
  let archivedAtMs = Number.NEGATIVE_INFINITY

  async function play(part: unknown): Promise<void> {
    const { output } = await runJob(part, {
      shell: ['sh', '-e'],
      project: rig.project,
      environment: { CI_JOB_ID: '1', CI_JOB_STATUS: 'success', GITLAB_CI: 'true' },
    })
    expect(output).not.toMatch(/warning|error/)
  }

  async function playJob(): Promise<void> {
    await play({ ...job, ...(script !== undefined && { script: [script] }) })
    await play({ ...job, before_script: job?.['after_script'], script: [] })
  }

  return {
    rig,
    playJob,
    async uploadsAfterJob() {
      await playJob()
      const isNewer = newestIn(vault) > archivedAtMs
      if (isNewer) archivedAtMs = Date.now()
      return isNewer
    },
    [Symbol.asyncDispose]: async () => await rig[Symbol.asyncDispose](),
  }
}

/** The latest time of a directory and all that is in it; milliseconds since 1970. */
function newestIn(directory: string): number {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  const times = ['.', ...names].map((name) => lstatSync(path.join(directory, name)).mtimeMs)
  return Math.max(...times)
}
