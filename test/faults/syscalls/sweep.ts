import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleWorker } from '../bundle-worker.ts'
import type { Patch } from '../patch-source.ts'
import { inspectProject } from './inspect.ts'
import { prepareProject } from './scenarios.ts'
import type { OperationName } from './scenarios.ts'
import { traceOperation } from './trace.ts'
import type { Fault, TracedCall } from './trace.ts'

export interface SweepOptions {
  readonly operation: OperationName
  /** Chooses among all faults that can be put in, in the order of the calls; all of them by default. */
  readonly choose?: (faults: readonly Fault[]) => readonly Fault[]
  readonly patches?: readonly Patch[]
  /** Begins no further round after so long. */
  readonly forMs?: number
  /** Begins no further round once this has been found. */
  readonly isEnough?: (violation: string) => boolean
}

export interface SweepReport {
  /** System calls of the operation that were about the vault or the outputs. */
  readonly calls: number
  /** Rounds in which the fault met such a call. */
  readonly faults: number
  readonly kills: number
  /** Rounds whose fault met another call, or none: calls of threads come in another order each time. */
  readonly missedTarget: number
  readonly killsBetweenOutputs: number
  readonly violations: readonly {
    readonly fault: Fault
    readonly call: string
    readonly detail: string
  }[]
}

/** Rounds at once: one process waits while another works. */
const LANES = 2

const KILL = 'signal=SIGKILL'
const [EIO, ENOSPC, EMFILE] = ['error=EIO', 'error=ENOSPC', 'error=EMFILE']

const EFFECTS: Readonly<Record<string, readonly string[]>> = {
  read: [EIO],
  pread64: [EIO],
  write: [EIO, ENOSPC, KILL],
  pwrite64: [EIO, ENOSPC, KILL],
  openat: [EIO, EMFILE, KILL],
  rename: [EIO, ENOSPC, KILL],
  link: [EIO, ENOSPC, KILL],
  symlink: [EIO, ENOSPC, KILL],
  mkdir: [EIO, ENOSPC, KILL],
}
const OTHER_EFFECTS = [EIO, KILL]

/** Does an operation again and again, each time with one fault in one of its system calls. */
export async function sweep(options: SweepOptions): Promise<SweepReport> {
  const { operation, choose = (faults) => faults, patches = [], forMs = Infinity } = options
  const { isEnough = () => false } = options
  const until = performance.now() + forMs
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-syscalls-'))
  try {
    const template = join(directory, 'template')
    await prepareProject(template, operation)
    const worker = await bundleWorker({ script: 'syscalls/worker.ts', directory, patches })
    const rounds = createRounds({ directory, template, operation, worker })
    const calls = await rounds.listCalls()
    const faults = choose(listFaults(calls))
    const report = {
      calls: calls.length,
      faults: 0,
      kills: 0,
      missedTarget: 0,
      killsBetweenOutputs: 0,
    }
    const violations: SweepReport['violations'][number][] = []
    const queue = [...faults]
    const work = async (): Promise<void> => {
      for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
        if (performance.now() > until || violations.some(({ detail }) => isEnough(detail))) return
        const round = await rounds.run(fault)
        if (round.call === undefined) report.missedTarget += 1
        else if (fault.effect === KILL) report.kills += 1
        else report.faults += 1
        if (round.wasBetween) report.killsBetweenOutputs += 1
        for (const detail of round.violations)
          violations.push({ fault, call: round.call ?? '', detail })
      }
    }
    await Promise.all(Array.from({ length: LANES }, work))
    return { ...report, violations }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A call of the operation, and its number among the same thread's calls of the same name. */
type NumberedCall = TracedCall & { readonly ordinal: number }

function listFaults(calls: readonly NumberedCall[]): Fault[] {
  const faults = new Map<string, Fault>()
  for (const { syscall, ordinal } of calls) {
    for (const effect of EFFECTS[syscall] ?? OTHER_EFFECTS) {
      faults.set(`${syscall} ${ordinal} ${effect}`, { syscall, ordinal, effect })
    }
  }
  return [...faults.values()]
}

/** `count` of the faults, evenly spread over the operation; all when there are no more. */
export function spread(faults: readonly Fault[], count: number): readonly Fault[] {
  const step = Math.max(1, faults.length / count)
  return faults.filter((_, index) => Math.floor(index / step) > Math.floor((index - 1) / step))
}

interface RoundParts {
  readonly directory: string
  readonly template: string
  readonly operation: OperationName
  readonly worker: string
}

interface Round {
  /** The call that the fault met, when it was about the files under test. */
  readonly call: string | undefined
  readonly violations: readonly string[]
  readonly wasBetween: boolean
}

interface Rounds {
  listCalls(): Promise<readonly NumberedCall[]>
  run(fault: Fault): Promise<Round>
}

function createRounds({ directory, template, operation, worker }: RoundParts): Rounds {
  let count = 0
  function begin(): { project: string; notesDirectory: string } {
    count += 1
    const project = join(directory, `project-${count}`)
    const notesDirectory = join(directory, `notes-${count}`)
    mkdirSync(notesDirectory)
    cpSync(template, project, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
    return { project, notesDirectory }
  }

  return {
    async listCalls() {
      const place = begin()
      const { calls } = await traceOperation({ ...place, operation, worker })
      return numberCalls(calls).filter((call) => isAbout(call, place.project))
    },
    async run(fault) {
      const place = begin()
      const traced = await traceOperation({ ...place, operation, fault, worker })
      const met = listMet(traced.calls, fault)
      const inspected = await inspectProject(place.project, operation, traced)
      for (const used of Object.values(place)) rmSync(used, { recursive: true, force: true })
      // What happens to other files, such as those that wake threads, is none of the vault's business.
      const isOurs = met.every((call) => isAbout(call, place.project))
      return met[0] !== undefined && isOurs
        ? { ...inspected, call: `${met[0].syscall}(${met[0].text}` }
        : { call: undefined, violations: [], wasBetween: false }
    },
  }
}

function numberCalls(calls: readonly TracedCall[]): NumberedCall[] {
  const counts = new Map<string, number>()
  return calls.map((call) => {
    const name = `${call.thread} ${call.syscall}`
    const ordinal = (counts.get(name) ?? 0) + 1
    counts.set(name, ordinal)
    return { ...call, ordinal }
  })
}

/** Each thread may meet a fault once. A killed process has no call that returned: it is the last one that began. */
function listMet(calls: readonly TracedCall[], fault: Fault): readonly TracedCall[] {
  if (fault.effect !== KILL) return calls.filter((call) => call.wasInjected)
  return numberCalls(calls)
    .filter((call) => call.ordinal === fault.ordinal && call.syscall === fault.syscall)
    .slice(0, 1)
}

/** Names of files that are held by their directory's descriptor lead through /proc. */
function isAbout({ text }: TracedCall, project: string): boolean {
  return text.includes(project) || text.includes('"/proc/self/fd/')
}
