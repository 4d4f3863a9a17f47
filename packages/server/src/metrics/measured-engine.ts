import type { Engine, StoredEntry } from '../engine/engine.ts'
import type { ServerMetrics } from './server-metrics.ts'

export interface Measuring {
  readonly metrics: Pick<ServerMetrics, 'countLookup'>
  readonly protocol: string
  /** What metrics may call the task of a namespace; undefined: it has none. */
  taskOf(namespace: string): string | undefined
}

/** The same engine, its hits and misses counted. Closing it is the owner's. */
export function createMeasuredEngine(engine: Engine, measuring: Measuring): Engine {
  const { metrics, protocol, taskOf } = measuring
  const counted = (namespace: string, entry: StoredEntry | undefined): StoredEntry | undefined => {
    metrics.countLookup({ protocol, task: taskOf(namespace), isHit: entry !== undefined })
    return entry
  }
  const measured: Pick<Engine, 'find' | 'findByPrefix'> = {
    find: async (who, place) => counted(place.namespace, await engine.find(who, place)),
    findByPrefix: async (who, place) =>
      counted(place.namespace, await engine.findByPrefix(who, place)),
  }
  return Object.assign(Object.create(engine) as Engine, measured)
}
