import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Contestant, Metric, Row, Sample } from '../measure/row.ts'
import { atLeastTimes, atMost, atMostTimes } from '../measure/targets.ts'
import { type Bench, type Suite, freshPath, remove, time } from './bench.ts'
import { createProject } from './taskvault.ts'

type Store = 'taskvault' | 'cacache'
type Operation = 'put' | 'get'

/** What one run moves: `count` entries of `sizeBytes`. */
interface Load {
  readonly name: string
  readonly count: number
  readonly sizeBytes: number
  /** One call with a buffer; a real binary, streamed; random bytes that are never held whole. */
  readonly source: 'buffer' | 'file' | 'generated'
}

interface Work {
  readonly load: Load
  readonly operation: Operation
}

const MIB = 1024 * 1024
const SMALL: Load = { name: '4 KiB', count: 400, sizeBytes: 4096, source: 'buffer' }
const LARGE: Load = { name: '64 MiB', count: 3, sizeBytes: 64 * MIB, source: 'file' }
const STREAM: Load = { name: '64 MiB', count: 1, sizeBytes: 64 * MIB, source: 'generated' }
const LONG_STREAM: Load = { name: '512 MiB', count: 1, sizeBytes: 512 * MIB, source: 'generated' }

const WORKER = fileURLToPath(new URL('../workers/sdk-worker.ts', import.meta.url))

/** The SDK beside npm's cacache: the same data, one call after the other, in a process of its own. */
export const sdkSuite: Suite = {
  name: 'sdk',
  needsBytes: 4e9,
  createRows: (bench) => [
    row(bench, { load: SMALL, operation: 'get' }, [
      atLeastTimes(3, 'cacache', 'opsPerSecond'),
      atMost(1, 'p50Ms'),
    ]),
    row(bench, { load: SMALL, operation: 'put' }, [atLeastTimes(2, 'cacache', 'opsPerSecond')]),
    row(bench, { load: LARGE, operation: 'get' }, [atLeastTimes(1, 'cacache', 'opsPerSecond')]),
    row(bench, { load: LARGE, operation: 'put' }, [atLeastTimes(1, 'cacache', 'opsPerSecond')]),
    memoryRow(bench, 'get'),
    memoryRow(bench, 'put'),
  ],
}

function row(bench: Bench, work: Work, targets: Row['targets']): Row {
  const { load, operation } = work
  return {
    name: `sdk-${load === SMALL ? 'small' : 'large'}-${operation}`,
    operation: `${load.name} entry in the SDK: ${operation}`,
    state: '-',
    targets,
    contestants: [
      contestant(bench, 'taskvault', work),
      { ...contestant(bench, 'cacache', work), needs: ['cacache'] },
    ],
  }
}

/** Eight times the bytes may not take more memory: a quarter more is what a heap wavers by. */
function memoryRow(bench: Bench, operation: Operation): Row {
  const small = { ...contestant(bench, 'taskvault', { load: STREAM, operation }), name: '64 MiB' }
  return {
    name: `sdk-memory-${operation}`,
    operation: `512 MiB entry in the SDK, streamed: ${operation}`,
    state: '-',
    targets: [atMostTimes(1.25, '64 MiB', 'rssBytes')],
    rounds: 3,
    contestants: [contestant(bench, 'taskvault', { load: LONG_STREAM, operation }), small],
  }
}

function contestant(bench: Bench, store: Store, work: Work): Contestant {
  const { load, operation } = work
  const directory = join(bench.work.fresh, `sdk-${store}-${load.source}-${load.sizeBytes}`)
  const run = (wanted: Operation): Sample =>
    runWorker(bench, { store, load, operation: wanted, directory })
  const renew = (): void => {
    remove(directory)
    createProject(mkdirOf(directory))
  }
  return {
    name: store,
    command: describe(store, operation),
    prepare: () => {
      if (operation === 'put') return renew()
      if (existsSync(directory)) return
      renew()
      run('put')
    },
    run: () => run(operation),
  }
}

function mkdirOf(directory: string): string {
  mkdirSync(directory, { recursive: true })
  return directory
}

function describe(store: Store, operation: Operation): string {
  const calls = {
    taskvault: { put: 'client.cacheResult()', get: 'client.getCachedResult()' },
    cacache: { put: 'cacache.put()', get: 'cacache.get()' },
  }
  return calls[store][operation]
}

function runWorker(
  bench: Bench,
  job: { store: Store; load: Load; operation: Operation; directory: string },
): Sample {
  const result = freshPath(bench, 'sdk-result.json')
  const { store, load, operation, directory } = job
  const settings = JSON.stringify({ store, operation, directory, result, ...load })
  const args = [WORKER, settings]
  const whole = time(bench, { file: process.execPath, args, cwd: directory })
  const figures = JSON.parse(readFileSync(result, 'utf8')) as Partial<Record<Metric, number>>
  return { ...whole, ...figures }
}
