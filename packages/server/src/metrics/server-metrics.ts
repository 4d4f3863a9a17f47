import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { createBoundedNames } from './bounded-names.ts'

/** How a request ended, for metrics. */
export type RequestOutcome = 'ok' | 'not-found' | 'refused' | 'failed'

export interface MeasuredRequest {
  readonly protocol: string
  readonly operation: string
  readonly outcome: RequestOutcome
  readonly seconds: number
}

/** The numbers that the server keeps of itself. */
export interface ServerMetrics {
  /** `task` undefined: the protocol has none. */
  countLookup(lookup: { protocol: string; task: string | undefined; isHit: boolean }): void
  countEvictions(entries: number): void
  observe(request: MeasuredRequest): void
  /** All of them in Prometheus' text format. */
  render(): Promise<string>
  readonly contentType: string
}

interface LookupCount {
  readonly protocol: string
  readonly task: string
  hits: number
  misses: number
}

const MOST_TASKS = 200
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** `storedBytes` is asked for whenever somebody reads the metrics. */
export function createServerMetrics(storedBytes: () => Promise<number>): ServerMetrics {
  const registers = [new Registry()]
  const [registry] = registers as [Registry]
  const nameTask = createBoundedNames(MOST_TASKS)
  const lookups = { labelNames: ['protocol', 'task'] as const, registers }
  const hits = new Counter({
    name: 'taskvault_cache_hits_total',
    help: 'Lookups that found an entry.',
    ...lookups,
  })
  const misses = new Counter({
    name: 'taskvault_cache_misses_total',
    help: 'Lookups that found none.',
    ...lookups,
  })
  const evictions = new Counter({
    name: 'taskvault_evictions_total',
    help: 'Entries that were removed to make room.',
    registers,
  })
  const size = new Gauge({
    name: 'taskvault_cache_size_bytes',
    help: 'Bytes that blobs take.',
    registers,
  })
  const durations = new Histogram({
    name: 'taskvault_operation_duration_seconds',
    help: 'From the arrival of a request to the end of its answer.',
    labelNames: ['protocol', 'operation', 'outcome'] as const,
    buckets: SECONDS,
    registers,
  })
  // Counted here, and written into the families when somebody reads them: look-ups are many.
  const counts = new Map<string, LookupCount>()
  const countOf = (protocol: string, task: string): LookupCount => {
    const name = `${protocol} ${task}`
    const known = counts.get(name) ?? { protocol, task, hits: 0, misses: 0 }
    counts.set(name, known)
    return known
  }
  const writeCounts = (): void => {
    for (const count of counts.values()) {
      const { protocol, task } = count
      hits.inc({ protocol, task }, count.hits)
      misses.inc({ protocol, task }, count.misses)
      count.hits = 0
      count.misses = 0
    }
  }
  return {
    countLookup: ({ protocol, task, isHit }) => {
      const count = countOf(protocol, task === undefined ? '' : nameTask(task))
      if (isHit) count.hits += 1
      else count.misses += 1
    },
    countEvictions: (entries) => evictions.inc(entries),
    observe: ({ protocol, operation, outcome, seconds }) =>
      durations.observe({ protocol, operation, outcome }, seconds),
    render: async () => {
      size.set(await storedBytes())
      writeCounts()
      return await registry.metrics()
    },
    contentType: registry.contentType,
  }
}
