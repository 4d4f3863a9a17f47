import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Settings } from '../../config/settings.ts'
import { TaskVaultError } from '../../errors.ts'
import type { ErrorCode } from '../../errors.ts'
import { parseTaskName } from '../../model/task.ts'
import { spawnPiped } from '../../process/spawn-piped.ts'
import { SAMPLE_POLICY, sampleSettings } from '../../testing/sample-settings.ts'
import { openVault } from '../open-vault.ts'
import type { RunEvent, RunOutcome, RunRequest, RunVault } from './run-contract.ts'
import { runTask } from './run-task.ts'
import { createRunVault } from './run-vault.ts'

const COMMAND = 'echo working; echo run >> count; cp in.txt out.txt; exit "${STATUS:-0}"'

/** What a vault may throw at a run that goes on without it. */
const TROUBLES: readonly ErrorCode[] = [
  'DATABASE_BUSY',
  'DATABASE_CORRUPT',
  'DATABASE_UNAVAILABLE',
  'DISK_FULL',
  'PERMISSION_DENIED',
  'TOO_MANY_OPEN_FILES',
  'IO_FAILED',
  'FORMAT_UNSUPPORTED',
  'BLOB_CORRUPT',
  'TOOL_FAILED',
  'INPUT_UNREADABLE',
]

describe('trouble with the vault', () => {
  const METHODS = ['fingerprint', 'stage', 'save'] as const
  const cases = METHODS.flatMap((method) => TROUBLES.map((code) => [method, code] as const))

  test.each(cases)('in %s, %s, is one warning, and the task runs', async (method, code) => {
    const project = await openProject()
    const vault = broken(project.vault, method, code)

    const run = await project.run(vault, { env: { STATUS: method === 'save' ? '0' : '3' } })

    expect(run.outcome).toMatchObject({ kind: 'ran', exitCode: method === 'save' ? 0 : 3 })
    expect(run.stdout).toBe('working\n')
    expect(run.events.filter((event) => event.kind === 'trouble')).toMatchObject([{ code }])
  })

  test('in looking up is not asked for again in saving', async () => {
    const project = await openProject()
    let saves = 0
    const vault: RunVault = {
      ...broken(project.vault, 'stage', 'DATABASE_BUSY'),
      save: (request) => {
        saves += 1
        return project.vault.save(request)
      },
    }

    await project.run(vault)

    expect(saves).toBe(0)
  })

  test('that makes an entry unusable half-way is a miss: the command runs and its log is shown once', async () => {
    const project = await openProject()
    await project.run(project.vault)
    const vault: RunVault = {
      ...project.vault,
      async stage(request) {
        const staged = await project.vault.stage(request)
        if (staged.kind === 'miss') return staged
        return {
          ...staged,
          apply: () => Promise.reject(new TaskVaultError('OUTPUT_BLOCKED', 'no')),
        }
      },
    }
    rmSync(path.join(project.root, 'out.txt'))

    const run = await project.run(vault)

    expect(run.outcome).toMatchObject({ kind: 'ran', exitCode: 0 })
    expect(run.stdout).toBe('working\n')
  })

  test('is left out altogether when there is no vault', async () => {
    const project = await openProject()

    const run = await project.run(undefined, { env: { STATUS: '5' } })

    expect(run.outcome).toMatchObject({ kind: 'ran', exitCode: 5, save: { because: 'trouble' } })
  })
})

describe('a request that cannot be meant', () => {
  test.each<ErrorCode>(['INPUT_MISSING', 'ARGUMENT_INVALID', 'HASH_ALGORITHM_UNKNOWN'])(
    '%s is thrown before anything runs',
    async (code) => {
      const project = await openProject()

      const run = project.run(broken(project.vault, 'fingerprint', code))

      await expect(run).rejects.toMatchObject({ code })
      expect(project.count()).toBe(0)
    },
  )
})

const bug = (): Promise<never> => Promise.reject(new TypeError('of ours'))

describe('a bug of ours', () => {
  test.each(['fingerprint', 'stage', 'save'] as const)(
    'in %s is told with its stack, and is no status of a task',
    async (step) => {
      const project = await openProject()

      const run = await project.run({ ...project.vault, [step]: bug }, { env: { STATUS: '0' } })

      expect(run.outcome).toMatchObject({ kind: 'ran', exitCode: 0, save: { because: 'trouble' } })
      expect(run.stdout).toBe('working\n')
      const [trouble] = run.events.filter((event) => event.kind === 'trouble')
      expect(trouble).toMatchObject({ code: 'BUG', hint: 'Please report it with the stack.' })
      expect(trouble?.message).toMatch(/^A bug in TaskVault: TypeError: of ours\n +at .*run-task/)
    },
  )
})

describe('a run', () => {
  test('is a miss with its reasons, then a hit with what it did', async () => {
    const project = await openProject()

    const first = await project.run(project.vault)
    writeFileSync(path.join(project.root, 'out.txt'), 'by hand')
    const second = await project.run(project.vault)

    expect(first.outcome).toMatchObject({
      kind: 'ran',
      reasons: [{ kind: 'first-run' }],
      save: { kind: 'saved' },
    })
    expect(first.events).toEqual([{ kind: 'missed', reasons: [{ kind: 'first-run' }] }])
    expect(second.outcome).toMatchObject({ kind: 'hit', exitCode: 0, putBack: ['out.txt'] })
    expect(second.stdout).toBe('working\n')
    expect(project.count()).toBe(1)
  })

  test('that is started three times at once is done once', async () => {
    const project = await openProject()

    await Promise.all([1, 2, 3].map(() => project.run(project.vault)))

    expect(project.count()).toBe(1)
  })

  test('is a hit although another puts the same outputs in place before it can', async () => {
    const project = await openProject()
    const command = 'mkdir -p made; cp in.txt made/out.txt; echo run >> count'
    const definition = { inputs: ['in.txt'], outputs: ['made'], env: [], tools: [] }
    await project.run(project.vault, { command, definition })
    rmSync(path.join(project.root, 'made'), { recursive: true })
    let others = 0
    const vault: RunVault = {
      ...project.vault,
      async stage(request) {
        const staged = await project.vault.stage(request)
        others += 1
        if (others === 1) await project.run(project.vault, { command, definition })
        return staged
      },
    }

    const { outcome, events } = await project.run(vault, { command, definition })

    expect([outcome.kind, events, project.count()]).toEqual(['hit', [], 1])
    expect(readFileSync(path.join(project.root, 'made/out.txt'), 'utf8')).toBe('in')
  })

  test.each<[string, (vault: RunVault) => RunVault]>([
    [
      'a lock in common',
      (vault) => ({ ...vault, lockPath: (key) => `${vault.lockPath(key)}-${randomUUID()}` }),
    ],
    ['a second look', (vault) => ({ ...vault, hasEntry: () => false })],
  ])('without %s would be done more than once', async (_name, without) => {
    const project = await openProject()

    await Promise.all([1, 2, 3].map(() => project.run(without(project.vault))))

    expect(project.count()).toBe(3)
  })
})

interface Project {
  readonly root: string
  readonly vault: RunVault
  run(vault: RunVault | undefined, changes?: Partial<RunRequest>): Promise<Run>
  /** How often the command ran. */
  count(): number
}

interface Run {
  readonly outcome: RunOutcome
  readonly events: readonly RunEvent[]
  readonly stdout: string
}

async function openProject(): Promise<Project> {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'taskvault-run-')))
  mkdirSync(path.join(root, '.taskvault'))
  writeFileSync(path.join(root, 'in.txt'), 'in')
  writeFileSync(path.join(root, 'count'), '')
  const vault = await openVault({ settings: createSettings(root) })
  onTestFinished(async () => {
    await vault[Symbol.asyncDispose]()
    rmSync(root, { recursive: true, force: true })
  })
  return {
    root,
    vault: createRunVault(vault),
    run: (runVault, changes = {}) => runOnce(root, runVault, changes),
    count: () => readLines(path.join(root, 'count')),
  }
}

async function runOnce(
  root: string,
  vault: RunVault | undefined,
  changes: Partial<RunRequest>,
): Promise<Run> {
  const events: RunEvent[] = []
  const stdout = new PassThrough()
  const printed = text(stdout)
  const outcome = await runTask(vault, {
    task: parseTaskName('build'),
    definition: { inputs: ['in.txt'], outputs: ['out.txt'], env: [], tools: [] },
    command: COMMAND,
    directory: root,
    policy: SAMPLE_POLICY,
    origin: {},
    output: { stdout, stderr: new PassThrough().resume() },
    isTerminal: false,
    sharesTerminal: false,
    spawn: spawnPiped,
    signals: undefined,
    skipsLookup: false,
    neverSaves: undefined,
    onEvent: (event) => events.push(event),
    ...changes,
    env: { PATH: process.env['PATH'], ...changes.env },
  })
  stdout.end()
  return { outcome, events, stdout: await printed }
}

/** The vault, one of whose methods fails. */
function broken(
  vault: RunVault,
  method: 'fingerprint' | 'stage' | 'save',
  code: ErrorCode,
): RunVault {
  return { ...vault, [method]: () => Promise.reject(new TaskVaultError(code, `${method} failed`)) }
}

function readLines(file: string): number {
  return readFileSync(file, 'utf8').split('\n').length - 1
}

function createSettings(projectRoot: string): Settings {
  return sampleSettings(projectRoot, {
    cacheDirectory: path.join(projectRoot, '.taskvault', 'cache'),
  })
}
