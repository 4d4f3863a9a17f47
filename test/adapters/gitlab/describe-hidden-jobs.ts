import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import type { AdapterResult } from '../describe-cases.ts'
import { createStandIn } from '../recording-stand-in.ts'
import type { Answers, StandIn } from '../recording-stand-in.ts'
import { asMap } from './component.ts'
import { runJob } from './run-job.ts'

const JOBS = path.resolve(import.meta.dirname, '../../../gitlab-templates/jobs.yml')

/** What variables do that no header has checked, and what the cache does before and after a job. */
export function describeHiddenJobs(): void {
  const jobs = asMap(parse(readFileSync(JOBS, 'utf8')))
  const run = { ...asMap(jobs['.taskvault']), ...asMap(jobs['.taskvault-run']) }
  const cache = asMap(jobs['.taskvault-cache'])

  describe('the hidden job .taskvault-run', () => {
    test.each([
      ['no task', {}, 'task ""'],
      ['a task with a space', { TASK: 'a b' }, 'task "a b"'],
      ['an unknown policy', { TASK: 't', POLICY: 'sometimes' }, 'policy "sometimes"'],
      ['a directory that is not there', { TASK: 't', DIRECTORY: 'no/such' }, 'directory "no/such"'],
      ['a command of several lines', { TASK: 't', COMMAND: 'a\nb' }, 'command "a\nb"'],
      [
        'a time that is none',
        { TASK: 't', INSTALL_TIMEOUT: '1m' },
        'install-timeout "1m" is not a number of seconds',
      ],
      ['a command that is a path', { TASK: 't', CLI: './bin' }, 'cli "./bin"'],
    ])('refuses %s, and calls nothing', async (_, variables, message) => {
      const machine = createMachine()

      const refused = await machine.run(run, named('TASKVAULT_JOB_', variables))

      expect([refused.exitCode, refused.output]).toEqual([64, expect.stringContaining(message)])
      expect(machine.standIn.calls()).toEqual([])
    })

    test.each([
      ['one line with its line feed', 'npm test\n', 'npm test'],
      ['several lines that stop at a failure', 'set -e\na\nb\n', 'set -e\na\nb'],
    ])('takes a command of %s', async (_, given, expected) => {
      const machine = createMachine()

      await machine.run(run, named('TASKVAULT_JOB_', { TASK: 't', COMMAND: given }))

      expect(machine.standIn.calls()[0]?.words).toContain(expected)
    })

    test('lets the script go on after a success, where it was', async () => {
      const machine = createMachine()
      const longer = { ...run, script: [run['script'], 'pwd'].flat() }
      mkdirSync(path.join(machine.project, 'web'))

      const ran = await machine.run(
        longer,
        named('TASKVAULT_JOB_', { TASK: 't', DIRECTORY: 'web' }),
      )

      expect(ran).toEqual({ exitCode: 0, output: `${machine.project}\n` })
    })
  })

  describe('the hidden job .taskvault-cache', () => {
    const KEEP = {
      KEY: 'npm',
      KEY_FILES: 'lock\n',
      PATHS: '~/.npm\na b\n',
      FALLBACK_KEYS: 'x\ny\n',
    }
    const after = { before_script: cache['after_script'], script: [] }

    test('asks for the cache as it is declared, and lets the job go on after a miss', async () => {
      const machine = createMachine({ restore: 1 })

      const ran = await machine.run(
        { ...cache, script: ['echo went on'] },
        named('TASKVAULT_KEEP_', KEEP),
      )

      expect(ran).toEqual({ exitCode: 0, output: 'went on\n' })
      expect(machine.standIn.calls().map(({ words }) => words.join('|'))).toEqual([
        'restore|npm|--cache|--input|lock|--output|~/.npm|--output|a b|--fallback|x|--fallback|y',
      ])
    })

    test.each([
      ['pull', ['--read-only']],
      ['push', ['--force']],
      ['pull-push', []],
    ])('with the policy %s says %j', async (policy, words) => {
      const machine = createMachine()

      await machine.run(cache, named('TASKVAULT_KEEP_', { KEY: 'npm', POLICY: policy }))

      expect(machine.standIn.calls()[0]?.words).toEqual(['restore', 'npm', '--cache', ...words])
    })

    test.each([
      ['a key with a space', { KEY: 'a b' }, 'key "a b"'],
      ['an unknown policy', { KEY: 'a', POLICY: 'x' }, 'policy "x"'],
      ['an unknown when', { KEY: 'a', WHEN: 'never' }, 'when "never"'],
    ])('refuses %s, and calls nothing', async (_, variables, message) => {
      const machine = createMachine()

      const refused = await machine.run(cache, named('TASKVAULT_KEEP_', variables))

      expect([refused.exitCode, refused.output]).toEqual([64, expect.stringContaining(message)])
      expect(machine.standIn.calls()).toEqual([])
    })

    test('ends the job where the call itself is wrong', async () => {
      const machine = createMachine({ restore: 73 })

      const ran = await machine.run(
        { ...cache, script: ['echo went on'] },
        named('TASKVAULT_KEEP_', KEEP),
      )

      expect(ran).toEqual({ exitCode: 73, output: '' })
    })

    test.each([
      ['on_success', 'success', true],
      ['on_success', 'failed', false],
      ['on_success', 'canceled', false],
      ['on_failure', 'failed', true],
      ['on_failure', 'success', false],
      ['always', 'failed', true],
    ])('with when: %s, after a job that ended with %s, saves: %s', async (when, status, saves) => {
      const machine = createMachine()
      const variables = named('TASKVAULT_KEEP_', { KEY: 'npm', WHEN: when })

      const ended = await machine.run(after, { ...variables, CI_JOB_STATUS: status })

      expect(ended.exitCode).toBe(0)
      expect(machine.standIn.calls().map(({ words }) => words)).toEqual(
        saves ? [['save', 'npm']] : [],
      )
    })
  })
}

interface Machine {
  readonly project: string
  readonly standIn: StandIn
  run(job: unknown, variables: Readonly<Record<string, string>>): Promise<AdapterResult>
}

function createMachine(answers: Answers = {}): Machine {
  const root = mkdtempSync(path.join(tmpdir(), 'taskvault-hidden-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const project = path.join(root, 'project')
  mkdirSync(project)
  const standIn = createStandIn(path.join(root, 'stand-in'))
  standIn.answer(answers)
  return {
    project,
    standIn,
    run: async (job, variables) => {
      const environment = { TASKVAULT_JOB_CLI: standIn.command, ...variables }
      return await runJob(job, { shell: ['sh', '-e'], project, environment })
    },
  }
}

function named(
  prefix: string,
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`${prefix}${name}`, value]),
  )
}
