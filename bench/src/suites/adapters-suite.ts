import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandomBytes } from '../data/generated-tree.ts'
import type { Row } from '../measure/row.ts'
import type { Command } from '../measure/run-timed.ts'
import { atMostMore, atMostTimes } from '../measure/targets.ts'
import { actionCommand } from './action-command.ts'
import type { AdapterTask } from './adapter-task.ts'
import { type Bench, type Suite, execute, freshPath, remove, time } from './bench.ts'
import { circleciCommand } from './circleci-command.ts'
import { gitlabCommand } from './gitlab-command.ts'
import { hookCommand, installHook } from './hook-command.ts'
import { jenkinsCommand } from './jenkins-command.ts'
import { createProject, writeLauncher } from './taskvault.ts'

const FILES = 200
const FILE_BYTES = 5_000

interface AdapterEntry {
  readonly name: string
  readonly operation: string
  /** What the platform's runner would start for the task. */
  readonly commandOf: (task: AdapterTask) => Command
  /** What has to be there first. */
  readonly setUp?: (task: AdapterTask) => void
  /** False: a hit only lets go on. */
  readonly restores?: boolean
}

/** One line for each adapter; each is measured against the command line that it calls. */
const ADAPTERS: readonly AdapterEntry[] = [
  {
    name: 'gitlab',
    operation: 'a hit by the GitLab component, its scripts in `sh`',
    commandOf: (task) => gitlabCommand(task, ['sh', '-e']),
  },
  {
    name: 'gitlab-bash',
    operation: 'a hit by the GitLab component, its scripts in `bash`',
    commandOf: (task) => gitlabCommand(task, ['bash', '-e', '-o', 'pipefail']),
  },
  {
    name: 'jenkins',
    operation: 'a hit by the Jenkins step, as its agent starts it',
    commandOf: jenkinsCommand,
  },
  {
    name: 'circleci',
    operation: 'a hit by the orb, its two steps in `bash`',
    commandOf: circleciCommand,
  },
  {
    name: 'github',
    operation: 'a hit by the action, with what it starts after the job',
    commandOf: actionCommand,
  },
  {
    name: 'hook',
    operation: 'a hit by the pre-commit hook',
    commandOf: hookCommand,
    setUp: installHook,
    restores: false,
  },
]

/** What an adapter adds, on a hit, to calling the command directly: starts of processes included. */
export const adaptersSuite: Suite = {
  name: 'adapters',
  needsBytes: 0.1e9,
  createRows: (bench) => ADAPTERS.map((adapter) => hitRow(bench, adapter)),
}

function hitRow(bench: Bench, adapter: AdapterEntry): Row {
  const { name, operation, commandOf, setUp, restores = true } = adapter
  const project = createProject(freshPath(bench, 'adapters', name))
  const cli = writeLauncher(join(project, '..', `${name}-bin`))
  const task = { project, cli, task: 'unit_tests', input: 'src/**', output: 'out.txt', line: LINE }
  const { input, output } = task
  const words = ['run', task.task, '--input', input, '--output', output, '--command', LINE]
  const direct: Command = { file: cli, args: words, cwd: project }
  const prepare = (): void => remove(join(project, output))
  const check = (): void => assertRestored(project)
  return {
    name: `adapter-${name}`,
    operation,
    state: '-',
    targets: [atMostTimes(1.2, 'taskvault run'), atMostMore(150, 'taskvault run')],
    rounds: 21,
    warmUps: 3,
    setUp: () => {
      writeInputs(project)
      setUp?.(task)
      execute(bench, direct)
    },
    contestants: [
      {
        name,
        command: name,
        prepare,
        run: () => time(bench, commandOf(task)),
        check: restores ? check : () => assertHit(project),
      },
      {
        name: 'taskvault run',
        command: `taskvault ${words.join(' ')}`,
        prepare,
        run: () => time(bench, direct),
        check,
      },
    ],
  }
}

/** The second line of the log would be a second run. */
const LINE = 'echo made > out.txt && echo run >> .taskvault/runs'

function writeInputs(project: string): void {
  const random = createRandomBytes('adapters')
  mkdirSync(join(project, 'src'), { recursive: true })
  for (let index = 0; index < FILES; index += 1) {
    writeFileSync(join(project, 'src', `file-${index}.txt`), random(FILE_BYTES))
  }
}

function assertHit(project: string): void {
  const runs = readFileSync(join(project, '.taskvault', 'runs'), 'utf8')
  if (runs !== 'run\n') throw new Error(`the command ran again: ${JSON.stringify(runs)}`)
}

function assertRestored(project: string): void {
  assertHit(project)
  if (!existsSync(join(project, 'out.txt'))) throw new Error('the output was not put back')
}
