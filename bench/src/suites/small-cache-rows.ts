import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandomBytes } from '../data/generated-tree.ts'
import type { Row } from '../measure/row.ts'
import { atMostTimes } from '../measure/targets.ts'
import { type Job, type JobRow, PEER, jobRow, saveAll } from './action-job.ts'
import { type Bench, remove } from './bench.ts'

/** What most jobs keep is small: what they wait for is the service, which is in another data centre. */
const ONE_WAY_MS = 30
const FILES = 20
const FILE_BYTES = 50_000

export function smallCacheRows(bench: Bench): readonly Row[] {
  const rows: readonly Omit<JobRow, 'state' | 'targets'>[] = [
    {
      name: 'action-small-miss',
      operation: 'a miss, the main step',
      setUp: ({ machine }) => writeLockfile(machine, 'new'),
      prepare: ({ machine }) => machine.clean('runner'),
      run: ({ machine, action, inputs }) => machine.take({ file: action.main, inputs: inputs() }),
      check: () => {},
    },
    {
      name: 'action-small-save',
      operation: 'save of a cache of 0.5 MB, the post step',
      setUp: ({ machine }) => writeCache(machine),
      prepare: ({ machine, action, inputs }) => {
        machine.clean('all')
        machine.run({ file: action.main, inputs: inputs() })
      },
      run: ({ machine, action, inputs }) =>
        machine.take({ file: action.post, inputs: inputs(), state: machine.state() }),
      check: ({ storedBytes = 0 }) => {
        if (storedBytes < 4e5) throw new Error(`only ${storedBytes} bytes have reached the service`)
      },
    },
    restoreRow({
      name: 'action-small-restore',
      operation: 'restore of a cache of 0.5 MB, the main step',
      lockfile: 'saved',
    }),
    restoreRow({
      name: 'action-small-start',
      operation: 'start from the newest cache of 0.5 MB after a change, the main step',
      lockfile: 'changed',
    }),
  ]
  const state = `the service ${ONE_WAY_MS} ms away`
  const targets = [atMostTimes(1, PEER)]
  return rows.map((row) =>
    jobRow(bench, { ...row, state, targets, oneWayMs: ONE_WAY_MS, rounds: 11 }),
  )
}

function restoreRow({
  lockfile,
  ...row
}: Pick<JobRow, 'name' | 'operation'> & { readonly lockfile: string }) {
  return {
    ...row,
    setUp: (job: Job) => {
      writeCache(job.machine)
      saveAll(job)
      writeLockfile(job.machine, lockfile)
    },
    prepare: ({ machine }: Job) => {
      machine.clean('runner')
      remove(machine.modules)
    },
    run: ({ machine, action, inputs }: Job) =>
      machine.take({ file: action.main, inputs: inputs() }),
    check: (_: unknown, { machine }: Job) => {
      for (let index = 0; index < FILES; index += 1) {
        const restored = readFileSync(join(machine.modules, String(index)))
        if (!restored.equals(contentOf(index))) throw new Error(`file ${index} is another one`)
      }
    },
  }
}

type Machine = Job['machine']

function writeCache(machine: Machine): void {
  remove(machine.modules)
  mkdirSync(machine.modules)
  for (let index = 0; index < FILES; index += 1)
    writeFileSync(join(machine.modules, String(index)), contentOf(index))
  writeLockfile(machine, 'saved')
}

function writeLockfile({ workspace }: Machine, text: string): void {
  writeFileSync(join(workspace, 'package-lock.json'), text)
}

/** Half of it compresses. */
function contentOf(index: number): Buffer {
  const random = createRandomBytes(`small ${index}`)(FILE_BYTES / 2)
  return Buffer.concat([random, Buffer.alloc(FILE_BYTES / 2, 'abc')])
}
