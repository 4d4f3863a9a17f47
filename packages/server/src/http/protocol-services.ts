import type { Engine } from '../engine/engine.ts'
import { createMeasuredEngine } from '../metrics/measured-engine.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Protocol, ProtocolServices } from './protocol.ts'

/** What is the same for every protocol. */
export type CommonServices = Omit<ProtocolServices, 'engine' | 'uncounted' | 'countLookup'>

/** What one protocol's handlers work with: lookups are counted under its name. */
export function servicesFor(
  { name, taskOf }: Protocol,
  common: CommonServices,
  { engine, metrics }: { readonly engine: Engine; readonly metrics: ServerMetrics },
): ProtocolServices {
  return {
    ...common,
    engine: createMeasuredEngine(engine, { metrics, protocol: name, taskOf }),
    uncounted: engine,
    countLookup: ({ isHit, task }) => metrics.countLookup({ protocol: name, task, isHit }),
  }
}
