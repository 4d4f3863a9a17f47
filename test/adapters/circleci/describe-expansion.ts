import { describe, expect, test } from 'vitest'
import { expandCommand, expandJob, expandSteps } from './expand-steps.ts'
import type { Orb, Step } from './orb.ts'

const TASK = { task: 'unit_tests' }

/** What CircleCI refuses before anything runs, and what it makes of the orb's components. */
export function describeExpansion(orb: Orb): void {
  describe('a call that cannot be meant is refused before anything runs:', () => {
    test.each<readonly [string, Step, RegExp]>([
      ['a parameter that there is not', call({ ...TASK, input: 'x' }), /no parameter input/],
      ['no task', call({}), /needs the parameter task/],
      ['a number for a text', call({ ...TASK, salt: 2 }), /salt is 2, and must be a string/],
      [
        'a text for a boolean',
        call({ ...TASK, keep: 'no' }),
        /keep is "no", and must be a boolean/,
      ],
      [
        'a policy that there is not',
        call({ ...TASK, policy: 'sometimes' }),
        /policy is "sometimes", and must be one of pull-push, pull, push/,
      ],
      ['a command that there is not', { 'taskvault/run_tasks': TASK }, /no command run_tasks/],
    ])('%s', (_what, step, message) => {
      expect(() => expandSteps(orb, [step], {})).toThrow(message)
    })
  })

  describe('what it comes to', () => {
    test('CircleCI’s own cache is asked and told, unless a server keeps the vault', () => {
      const [kept, unkept] = [true, false].map((keep) =>
        expandCommand(orb, 'run_task', { ...TASK, keep }).map(({ kind }) => kind),
      )

      expect(kept).toEqual(['run', 'run', 'restore_cache', 'run', 'run', 'run', 'save_cache'])
      expect(unkept).toEqual(['run', 'run'])
    })

    test('the vault of each task has a key of its own, and begins with that of the branch', () => {
      const steps = expandCommand(orb, 'run_task', TASK)

      expect(steps.find(({ kind }) => kind === 'restore_cache')?.fields['keys']).toEqual([
        'taskvault-v1-unit_tests-{{ .Branch }}-',
        'taskvault-v1-unit_tests-',
      ])
      expect(steps.find(({ kind }) => kind === 'save_cache')?.fields).toMatchObject({
        key: 'taskvault-v1-unit_tests-{{ .Branch }}-{{ checksum ".taskvault/cache/held.txt" }}',
        paths: ['.taskvault/cache'],
      })
    })

    test('a job checks out, does what comes before, and runs the task', () => {
      const before = [{ run: { name: 'Install', command: 'npm ci' } }]
      const steps = expandJob(orb, 'run', { ...TASK, before_task: before, keep: false })

      expect(steps.map(({ kind, fields }) => fields['name'] ?? kind)).toEqual([
        'checkout',
        'Install',
        'Install TaskVault',
        'Run unit_tests, unless nothing has changed',
      ])
    })

    test('all parameters of the command are parameters of the job', () => {
      const {
        executor: _1,
        checkout: _2,
        before_task: _3,
        ...passed
      } = orb.jobs['run']?.parameters ?? {}

      expect(passed).toEqual(orb.commands['run_task']?.parameters)
    })

    test('scripts arrive without the escapes of the packed form', () => {
      const scripts = expandCommand(orb, 'run_task', TASK).map(({ fields }) =>
        String(fields['command']),
      )

      expect(scripts.join('\n')).toContain('done <<TASKVAULT_LIST')
      expect(scripts.join('\n')).not.toContain(String.raw`\<<`)
    })
  })
}

function call(given: Readonly<Record<string, unknown>>): Step {
  return { 'taskvault/run_task': given }
}
