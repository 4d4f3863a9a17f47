import process from 'node:process'
import { openParts } from './open-parts.ts'
import type { PartsOptions } from './open-parts.ts'
import { runLoad } from './saving-load.ts'

/** Saves until it is killed, and tells of each entry that was acknowledged. */
const parts = await openParts(JSON.parse(process.argv[2] ?? '') as PartsOptions)
await runLoad({
  engine: parts.engine,
  writers: 6,
  onAcknowledged: (entry) => void process.send?.({ kind: 'acknowledged', entry }),
  onRefused: (code) => void process.send?.({ kind: 'refused', code }),
  isOver: () => false,
})
