import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { AdapterResult } from '../describe-cases.ts'
import type { Values } from './bind-parameters.ts'
import { expandCommand, expandJob, expandSteps } from './expand-steps.ts'
import { openKeptCaches } from './kept-caches.ts'
import type { KeptCaches } from './kept-caches.ts'
import type { Orb, Step } from './orb.ts'
import { runSteps } from './run-steps.ts'

const COMMAND = path.resolve(import.meta.dirname, '../../../packages/cli/bin/taskvault.js')

const MAIN = { CIRCLECI: 'true', CIRCLE_BRANCH: 'main' }

/** The orb with the real command line, in a project on disk. */
export function describeJobs(orb: Orb): void {
  describe('with the real command line', () => {
    test('a job runs a task once, and puts back what it made', async () => {
      using caches = openKeptCaches('main')
      const job = createJob({ 'src/a.txt': 'content' })
      const given = {
        ...job.given,
        task: 'build',
        command: 'echo ran >> ran.log; cat src/a.txt > out.txt',
        inputs: 'src/**\n',
        outputs: 'out.txt\n',
        before_task: [{ run: { name: 'Prepare', command: 'echo prepared' } }],
      }
      const steps = expandJob(orb, 'run', given)

      const first = await job.run(steps, MAIN, caches)
      rmSync(path.join(job.project, 'out.txt'))
      const second = await job.run(steps, MAIN, caches)
      job.write('src/a.txt', 'changed')
      const third = await job.run(steps, MAIN, caches)

      expect([first.exitCode, second.exitCode, third.exitCode]).toEqual([0, 0, 0])
      expect(first.output).toContain('[checkout]\n[restore_cache]\nprepared\n')
      expect(second.output).toMatch(/✓ build: restored 1 file/)
      expect(third.output).toMatch(/src\/a\.txt/)
      expect(job.read('ran.log')).toBe('ran\nran\n')
      expect(job.read('out.txt')).toBe('changed')
      expect(keysIn(first)).toEqual(keysIn(second))
    })

    test('the status of a command arrives, and its failure is not kept', async () => {
      const job = createJob({ 'src/a.txt': 'content' })
      const given = { ...job.given, task: 'fails', command: 'echo ran >> ran.log; exit 7' }
      const steps = expandCommand(orb, 'run_task', { ...given, inputs: 'src/**' })

      const ended = [await job.run(steps), await job.run(steps)]

      expect(ended.map(({ exitCode }) => exitCode)).toEqual([7, 7])
      expect(job.read('ran.log')).toBe('ran\nran\n')
    })

    test('a fork uses what is there, and saves nothing', async () => {
      using caches = openKeptCaches('main')
      const job = createJob({ 'src/a.txt': 'content' })
      const given = { ...job.given, task: 'fork', command: 'echo ran >> ran.log', inputs: 'src/**' }
      const steps = expandCommand(orb, 'run_task', given)
      const fork = { CIRCLECI: 'true', CIRCLE_BRANCH: 'pull/7', CIRCLE_PR_NUMBER: '7' }

      await job.run(steps, fork, caches)
      await job.run(steps, fork, caches)
      await job.run(steps, MAIN, caches)
      await job.run(steps, fork, caches)

      expect(job.read('ran.log')).toBe('ran\nran\nran\n')
    })

    test('a cache is put in place, and saved only when it was not there', async () => {
      const job = createJob({ 'package-lock.json': '1' })
      const steps: readonly Step[] = [
        { restore: { ...job.given, key: 'npm', key_files: 'package-lock.json', paths: 'modules' } },
        {
          run: {
            name: 'Install',
            command: 'test -d modules || { mkdir modules; echo x > modules/a; }',
          },
        },
        { save: { key: 'npm' } },
      ]
      const { keep: _, ...restore } = (steps[0] as { restore: Values }).restore
      const all = expandSteps(orb, [{ restore }, ...steps.slice(1)], {})

      const first = await job.run(all)
      rmSync(path.join(job.project, 'modules'), { recursive: true })
      const second = await job.run(all)

      expect([first.exitCode, second.exitCode], first.output + second.output).toEqual([0, 0])
      expect(second.output).toMatch(/✓ npm: restored 1 file/)
      expect(job.read('modules/a')).toBe('x\n')
    })

    test('what CircleCI keeps of a job, the next one finds: the task and what came before it', async () => {
      using caches = openKeptCaches('main')
      const job = createJob({ 'src/a.txt': 'content', 'package-lock.json': '1' })
      const { cli } = job.given
      const steps = expandJob(orb, 'run', {
        cli,
        task: 'build',
        command: 'cat src/a.txt modules/a > out.txt',
        inputs: 'src/**\n',
        outputs: 'out.txt\n',
        before_task: [
          { restore: { cli, key: 'npm', key_files: 'package-lock.json', paths: 'modules' } },
          {
            run: {
              name: 'Install',
              command: 'test -d modules || { mkdir modules; echo x > modules/a; }',
            },
          },
          { save: { key: 'npm' } },
        ],
      })

      const first = await job.run(steps, MAIN, caches)
      for (const made of ['.taskvault', 'modules', 'out.txt'])
        rmSync(path.join(job.project, made), { recursive: true })
      const second = await job.run(steps, MAIN, caches)

      expect([first.exitCode, second.exitCode], first.output + second.output).toEqual([0, 0])
      expect(second.output).toMatch(/✓ npm: restored 1 file/)
      expect(second.output).toMatch(/✓ build: restored 1 file/)
    })

    test('CircleCI uploads the vault after a save, not after a hit', async () => {
      using caches = openKeptCaches('main')
      const job = createJob({ 'src/a.txt': 'content' })
      const command = 'echo made > out.txt'
      const given = { cli: job.given['cli'], task: 'build', command, inputs: 'src/**' }
      const steps = expandJob(orb, 'run', { ...given, outputs: 'out.txt' })
      const uploads: number[] = []

      // The third content has the same outputs: nothing but the record of it is new.
      for (const content of ['content', 'content', 'changed', 'changed']) {
        job.write('src/a.txt', content)
        rmSync(path.join(job.project, '.taskvault'), { recursive: true, force: true })
        const { exitCode, output } = await job.run(steps, MAIN, caches)
        expect(exitCode, output).toBe(0)
        uploads.push(caches.uploads())
      }

      expect(uploads).toEqual([1, 1, 2, 2])
    })

    test('CircleCI keeps what was saved before the task failed', async () => {
      using caches = openKeptCaches('main')
      const job = createJob({ 'package-lock.json': '1' })
      const { cli } = job.given
      const install = 'test -d modules || { mkdir modules; echo x > modules/a; }'
      const steps = expandJob(orb, 'run', {
        cli,
        task: 'fails',
        command: 'exit 3',
        before_task: [
          { restore: { cli, key: 'npm', key_files: 'package-lock.json', paths: 'modules' } },
          { run: { name: 'Install', command: install } },
          { save: { key: 'npm' } },
        ],
      })

      const first = await job.run(steps, MAIN, caches)
      for (const made of ['.taskvault', 'modules'])
        rmSync(path.join(job.project, made), { recursive: true })
      const second = await job.run(steps, MAIN, caches)

      expect([first.exitCode, second.exitCode], first.output + second.output).toEqual([3, 3])
      expect(second.output).toMatch(/✓ npm: restored 1 file/)
      expect(caches.uploads()).toBe(1)
    })

    test('CircleCI keeps nothing of a job that failed before it had a vault', async () => {
      using caches = openKeptCaches('main')
      const job = createJob({ 'src/a.txt': 'content' })
      const failing = [{ run: { name: 'Fail', command: 'exit 3' } }]
      const given = { cli: job.given['cli'], task: 'build', before_task: failing }

      const { exitCode, output } = await job.run(expandJob(orb, 'run', given), MAIN, caches)

      expect(exitCode, output).toBe(3)
      expect(caches.uploads()).toBe(0)
    })

    test('CircleCI keeps a vault for each task of a job, and one does not spoil the other', async () => {
      using caches = openKeptCaches('main')
      const job = createJob({ 'src/a.txt': '1' })
      const given = { cli: job.given['cli'], command: 'true', inputs: 'src/**' }
      const tasks = ['lint', 'types'].map((task) => ({ run_task: { ...given, task } }))
      const steps = expandSteps(orb, tasks, {})

      const outputs: string[] = []
      for (const content of ['1', '2', '2']) {
        job.write('src/a.txt', content)
        rmSync(path.join(job.project, '.taskvault'), { recursive: true, force: true })
        const { output } = await job.run(steps, MAIN, caches)
        outputs.push(output)
      }

      expect(outputs.join('\n')).not.toMatch(/warning/)
      expect(outputs.at(-1)).toMatch(/✓ lint: nothing to restore[^]*✓ types: nothing to restore/)
      expect(caches.uploads()).toBe(4)
    })

    test('a task between a restore and its save leaves the save its word', async () => {
      using caches = openKeptCaches('main')
      const job = createJob({ 'src/a.txt': '1' })
      const { cli } = job.given
      const cache = { cli, key: 'npm', key_files: 'src/**', paths: 'modules' }
      const task = {
        cli,
        task: 'lint',
        command: 'mkdir modules; echo x > modules/a',
        inputs: 'src',
      }
      const steps = [{ restore: cache }, { run_task: task }, { save: { key: 'npm' } }]

      const { exitCode, output } = await job.run(expandSteps(orb, steps, {}), MAIN, caches)

      expect(exitCode, output).toBe(0)
      expect(output).toMatch(/✓ npm: saved 1 file/)
    })

    test('CircleCI keeps the vault of a task that runs in a directory', async () => {
      using caches = openKeptCaches('main')
      const job = createJob({ 'packages/web/src/a.txt': 'content' })
      const given = { cli: job.given['cli'], task: 'web', command: 'true', inputs: 'src/**' }
      const steps = expandJob(orb, 'run', { ...given, directory: 'packages/web' })

      await job.run(steps, MAIN, caches)
      for (const place of ['.taskvault', 'packages/web/.taskvault'])
        rmSync(path.join(job.project, place), { recursive: true, force: true })
      const second = await job.run(steps, MAIN, caches)

      expect(second.output).toMatch(/✓ web: nothing to restore/)
    })

    test.each([
      ['a job that failed does not save', 'on_success', false],
      ['one that was told to saves all the same', 'always', true],
    ])('%s', async (_what, when, isSaved) => {
      const job = createJob({ 'package-lock.json': '1' })
      const { keep: _, ...given } = job.given
      const restore = { ...given, key: 'npm', key_files: 'package-lock.json', paths: 'modules' }
      const failing = [
        { restore },
        { run: { name: 'Fail', command: 'mkdir modules; echo x > modules/a; false' } },
        { save: { key: 'npm', when } },
      ]

      const failed = await job.run(expandSteps(orb, failing, {}))
      rmSync(path.join(job.project, 'modules'), { recursive: true })
      await job.run(expandSteps(orb, [{ restore }], {}))

      expect(failed.exitCode, failed.output).toBe(1)
      expect(job.has('modules/a')).toBe(isSaved)
    })
  })
}

interface Job {
  readonly project: string
  /** Parameters that have the job use the command of this checkout. */
  readonly given: Values
  run(
    steps: Parameters<typeof runSteps>[0],
    environment?: Record<string, string>,
    caches?: KeptCaches,
  ): Promise<AdapterResult>
  write(file: string, text: string): void
  read(file: string): string
  has(file: string): boolean
}

function createJob(files: Readonly<Record<string, string>>): Job {
  const root = mkdtempSync(path.join(tmpdir(), 'taskvault-orb-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const [project, bin] = [path.join(root, 'project'), path.join(root, 'bin')]
  const job: Job = {
    project,
    given: { cli: path.join(bin, 'taskvault'), cache_dir: path.join(root, 'cache') },
    run: async (steps, environment = MAIN, caches) =>
      await runSteps(steps, { project, environment, ...(caches && { caches }) }),
    write: (file, text) => {
      mkdirSync(path.dirname(path.join(project, file)), { recursive: true })
      writeFileSync(path.join(project, file), text)
    },
    read: (file) => readFileSync(path.join(project, file), 'utf8'),
    has: (file) => {
      try {
        return job.read(file) !== ''
      } catch {
        return false
      }
    },
  }
  mkdirSync(bin)
  const script = `#!/bin/sh\nexec "${process.execPath}" "${COMMAND}" "$@"\n`
  writeFileSync(path.join(bin, 'taskvault'), script, { mode: 0o755 })
  for (const [file, text] of Object.entries(files)) job.write(file, text)
  return job
}

function keysIn({ output }: AdapterResult): readonly string[] {
  return [...output.matchAll(/key [0-9a-f]{64}/g)].map(([key]) => key)
}
