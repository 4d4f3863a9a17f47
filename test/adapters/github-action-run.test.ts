import { execFile, execFileSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { useVaultServer } from '../rig/use-vault-server.ts'
import { startsAfterJob } from './github/post-condition.ts'
import { contentOf, createMachine, runAction, uniqueTask, writeFiles } from './github/run-action.ts'
import type { Machine } from './github/run-action.ts'
import { obeyed } from './github/runner-log.ts'

/* Steps of the built action that run a command, or put back what it made. */

const server = await useVaultServer()

describe('a command that is run or put back', () => {
  const SCRIPT = [
    'echo ran >> ../runs',
    'echo hello; echo trouble >&2',
    'echo "::warning file=a.ts,line=1::from the command"',
    'printf "::set-env name=PATH::x\\r::notice::said\\r::add-path::x\\n"',
    'echo "::add-mask::hunter2"',
    'echo "result=42" >> "$GITHUB_OUTPUT"',
    'echo "MADE=yes" >> "$GITHUB_ENV"',
    'echo "# Report" >> "$GITHUB_STEP_SUMMARY"',
    'mkdir -p out; echo made > out/file',
    'test -z "$ACTIONS_RUNTIME_TOKEN$INPUT_RUN$TASKVAULT_TOKEN"',
  ].join('\n')

  test('it runs once, and all that it made comes back on another machine', async () => {
    const inputs = { task: uniqueTask(), inputs: 'src/**', path: 'out', run: SCRIPT }
    const [first, second] = [createMachine(server), createMachine(server)]
    for (const machine of [first, second]) writeFiles(machine, { 'src/a': 'a' })

    const ran = await runAction(first, { inputs })
    const hit = await runAction(second, { inputs })

    expect(ran.exitCode, ran.log).toBe(0)
    expect(contentOf(first, '../runs')).toBe('ran\n')
    expect(existsSync(path.join(second.workspace, '../runs'))).toBe(false)
    for (const { outputs, variables, summary, log } of [ran, hit]) {
      expect(outputs['result']).toBe('42')
      expect(variables).toMatchObject({ MADE: 'yes' })
      expect(summary).toContain('# Report')
      expect(log).toMatch(/hello\n/)
      expect(log).toMatch(/trouble\n/)
    }
    expect(contentOf(second, 'out/file')).toBe('made\n')
    expect([ran, hit].map(({ outputs }) => outputs['should-skip'])).toEqual(['false', 'true'])
    const left = [first, second].map(({ workspace }) => listHidden(workspace))
    expect(left).toEqual([[], []])
  })

  test('what is replayed commands nothing but what is only shown, and masks come first', async () => {
    const inputs = { task: uniqueTask(), inputs: 'src/**', run: SCRIPT }
    const machine = createMachine(server)
    writeFiles(machine, { 'src/a': 'a' })

    const ran = await runAction(machine, { inputs })
    const hit = await runAction(machine, { inputs })

    const shown = ['::warning file=a.ts,line=1::from the command', '::notice::said']
    expect(obeyed(ran.log)).toEqual([
      shown[0],
      '::set-env name=PATH::x',
      shown[1],
      '::add-path::x',
      '::add-mask::hunter2',
    ])
    expect(obeyed(hit.log)).toEqual(['::add-mask::hunter2', ...shown])
    expect(hit.log).toContain('::set-env name=PATH::x')
  })

  test('nothing is started for it when the job ends, unless another step of the job saves then', async () => {
    const inputs = { task: uniqueTask(), inputs: 'src/**', run: 'true' }
    const machine = createMachine(server)
    writeFiles(machine, { 'src/a': 'a' })

    const ran = await runAction(machine, { inputs })
    const hit = await runAction(machine, { inputs })
    const saving = await runAction(machine, { inputs: { key: uniqueTask(), path: 'src' } })

    for (const { variables: env, state } of [ran, hit]) {
      expect(state).toEqual({})
      expect(startsAfterJob({ env, hasFailed: false })).toBe(false)
      for (const both of [
        { ...env, ...saving.variables },
        { ...saving.variables, ...env },
      ])
        expect(startsAfterJob({ env: both, hasFailed: false })).toBe(true)
    }
    // A runner that knows no variables there starts it, and it finds nothing to do.
    expect(startsAfterJob({ env: {}, hasFailed: false })).toBe(true)
    expect(await runAction(machine, { inputs, entry: 'post' })).toMatchObject({
      exitCode: 0,
      log: '',
    })
  })

  test('a failure fails the step, and is not remembered', async () => {
    const run = 'echo ran >> ../runs; echo "why=x" >> "$GITHUB_OUTPUT"; exit 42'
    const inputs = { task: uniqueTask(), inputs: 'src/**', run }
    const machine = createMachine(server)
    writeFiles(machine, { 'src/a': 'a' })

    const codes = [await runAction(machine, { inputs }), await runAction(machine, { inputs })]

    expect(codes.map(({ exitCode }) => exitCode)).toEqual([42, 42])
    expect(codes[0]?.outputs['why']).toBe('x')
    expect(contentOf(machine, '../runs')).toBe('ran\nran\n')
  })

  test('a secret in what it leaves for the runner is in no entry', async () => {
    const run = 'echo "login=$DEPLOY_TOKEN" >> "$GITHUB_OUTPUT"'
    const inputs = { task: uniqueTask(), inputs: 'src/**', run }
    const machine = createMachine(server)
    machine.env['DEPLOY_TOKEN'] = 'correct-horse'
    writeFiles(machine, { 'src/a': 'a' })

    const both = [await runAction(machine, { inputs }), await runAction(machine, { inputs })]

    expect(both.map(({ outputs }) => outputs['login'])).toEqual(['correct-horse', 'correct-horse'])
    expect(both.map(({ outputs }) => outputs['cache-status'])).toEqual(['miss', 'miss'])
    expect(both[0]?.log).toContain('not saved')
  })

  test('what the configuration declares for the task needs no script', async () => {
    const machine = createMachine(server)
    const declared = { command: 'echo ran >> ../runs; cp src/a out', inputs: ['src/**'] }
    const tasks = { unit_tests: { ...declared, outputs: ['out'] } }
    writeFiles(machine, { 'src/a': 'a', '.taskvault/config.yaml': JSON.stringify({ tasks }) })
    const inputs = { task: 'unit_tests', salt: uniqueTask() }

    const both = [await runAction(machine, { inputs }), await runAction(machine, { inputs })]
    const unknown = await runAction(machine, { inputs: { ...inputs, task: 'unit_test' } })

    expect(both.map(({ outputs }) => outputs['cache-status'])).toEqual(['miss', 'exact'])
    expect(contentOf(machine, 'out') + contentOf(machine, '../runs')).toBe('aran\n')
    expect(unknown.exitCode).toBe(1)
    expect(unknown.log).toMatch(/There is no task unit_test, .* Put the work under run/)
  })
})

describe('an entry that was saved elsewhere', () => {
  const WRITES = 'echo ran >> ../runs; echo a=1 >> "${GITHUB_OUTPUT:-/dev/null}"'

  test('is a hit for a script that says nothing of files of the runner', async () => {
    const machine = createMachine(server)
    writeFiles(machine, { 'src/a': 'a' })
    const run = 'echo "::warning::hello"; echo ran >> ../runs'
    const inputs = { task: uniqueTask(), inputs: 'src/**', run }

    await runElsewhere(machine, inputs)
    const hit = await runAction(machine, { inputs })

    expect(hit.outputs['cache-status'], hit.log).toBe('exact')
    expect(hit.log).toContain('hello')
    expect(obeyed(hit.log)).toEqual([])
    expect(contentOf(machine, '../runs')).toBe('ran\n')
  })

  test('is a hit for a script of several lines, which ends with the first that fails', async () => {
    const machine = createMachine(server)
    writeFiles(machine, { 'src/a': 'a' })
    const run = 'echo ran >> ../runs\ntest -f src/a\necho late'
    const inputs = { task: uniqueTask(), inputs: 'src/**', run }

    await runElsewhere(machine, { ...inputs, run: `set -e\n${run}` })
    const hit = await runAction(machine, { inputs })
    const failed = await runAction(machine, { inputs: { ...inputs, run: `false\n${run}` } })

    expect(hit.outputs['cache-status'], hit.log).toBe('exact')
    expect(failed.exitCode).toBe(1)
    expect(failed.log).not.toContain('late')
    expect(contentOf(machine, '../runs')).toBe('ran\n')
  })

  test('is none for one that does, until a runner has kept what it writes', async () => {
    const machine = createMachine(server)
    writeFiles(machine, { 'src/a': 'a' })
    const inputs = { task: uniqueTask(), inputs: 'src/**', run: WRITES }

    await runElsewhere(machine, inputs)
    const missed = await runAction(machine, { inputs })
    const hit = await runAction(machine, { inputs })
    await runElsewhere(machine, inputs)

    const seen = [missed, hit].map(({ outputs }) => [outputs['cache-status'], outputs['a']])
    expect(seen).toEqual([
      ['miss', '1'],
      ['exact', '1'],
    ])
    for (const page of [missed.log, missed.summary])
      expect(page).toContain(
        'saved without recording what the command writes to files of the CI runner',
      )
    expect(contentOf(machine, '../runs')).toBe('ran\nran\n')
  })

  test('stays in a vault where entries are written once, which is said', async () => {
    const machines = [createMachine(server), createMachine(server)] as const
    const inputs = { task: uniqueTask(), inputs: 'src/**', run: WRITES }
    const shared = { ...inputs, remote: server.url, token: server.key }
    for (const machine of machines) writeFiles(machine, { 'src/a': 'a' })

    await runElsewhere(machines[0], shared)
    const [missed, again] = await Promise.all(
      machines.map(async (machine) => await runAction(machine, { inputs: shared })),
    )

    for (const done of [missed, again]) {
      expect(done?.outputs).toMatchObject({ 'cache-status': 'miss', a: '1' })
      expect(done?.log).toContain('::warning title=TaskVault::The vault keeps the entry')
    }
  })
})

test('what the action says after half a line begins a line, so that the runner obeys it', async () => {
  const inputs = { task: uniqueTask(), inputs: 'src/**', path: 'absent', run: 'printf half' }
  const machine = createMachine(server)
  writeFiles(machine, { 'src/a': 'a' })

  const { log } = await runAction(machine, { inputs })

  expect(log).toContain('\nhalf\n')
  expect(obeyed(log)).toEqual([expect.stringMatching(/^::warning .*absent/)])
})

test('a job that is cancelled ends its command, and leaves nothing', async () => {
  // A shell makes nothing of an interrupt that its program survives, as one does that has only been forked.
  const run = `sh -c 'echo $PPID > ../pid; exec sleep 60'; echo late > out`
  const inputs = { task: uniqueTask(), inputs: 'src/**', path: 'out', run }
  const machine = createMachine(server)
  writeFiles(machine, { 'src/a': 'a' })
  let action: ChildProcess | undefined

  const done = runAction(machine, { inputs, onStart: (child) => void (action = child) })
  const pid = path.join(machine.workspace, '../pid')
  const isUp = (): boolean => existsSync(pid) && readFileSync(pid, 'utf8').endsWith('\n')
  await expect.poll(isUp, { timeout: 50_000 }).toBe(true)
  action?.kill('SIGINT')
  const { exitCode, log } = await done

  expect(exitCode, log).toBe(130)
  expect(log).toContain('not saved: interrupted')
  expect(() => process.kill(Number(readFileSync(pid, 'utf8')), 0)).toThrow('ESRCH')
  expect(listHidden(machine.workspace)).toEqual([])
})

/** As a laptop runs it, with the cache directory that the machine has for the action. */
async function runElsewhere(
  { workspace, env }: Machine,
  { task = '', inputs = '', run = '', remote, token }: Readonly<Record<string, string>>,
): Promise<void> {
  const launcher = path.resolve(import.meta.dirname, '../../packages/cli/bin/taskvault.js')
  const words = ['run', task, '--input', inputs, '--command', run]
  await promisify(execFile)(process.execPath, [launcher, '-C', workspace, ...words], {
    env: {
      PATH: env['PATH'],
      HOME: env['HOME'],
      TASKVAULT_CACHE_DIR: path.join(env['RUNNER_TOOL_CACHE'] ?? '', 'taskvault'),
      ...(remote !== undefined && { TASKVAULT_REMOTE: remote, TASKVAULT_TOKEN: token }),
    },
  })
}

function listHidden(workspace: string): readonly string[] {
  return execFileSync('ls', ['-A', workspace], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => name.startsWith('.'))
}
