import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bundleWorker } from '../bundle-worker.ts'
import { startNode } from '../node-process.ts'
import type { Patch } from '../patch-source.ts'
import { findLosses, findOrphans } from './find-losses.ts'
import { openParts } from './open-parts.ts'
import type { Acknowledged } from './saving-load.ts'

export interface KillRounds {
  readonly root: string
  readonly rounds: number
  /** Ends after so long, however many rounds that were. */
  readonly forMs: number
  /** Undefined: SQLite. */
  readonly databaseUrl?: string
  readonly patches?: readonly Patch[]
}

export interface KillFindings {
  readonly kills: number
  readonly acknowledged: number
  readonly faults: readonly string[]
}

type Message =
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'acknowledged'; readonly entry: Acknowledged }

/** A server's engine is killed in the middle of saving, again and again; then everything is looked at. */
export async function runServerKills({
  root,
  rounds,
  forMs,
  databaseUrl,
  patches = [],
}: KillRounds): Promise<KillFindings> {
  const worker = await bundleWorker({ script: 'server/kill-worker.ts', directory: root, patches })
  const endMs = performance.now() + forMs
  const data = join(root, 'data')
  mkdirSync(data)
  const options = { root: data, ...(databaseUrl !== undefined && { databaseUrl }) }
  const acknowledged: Acknowledged[] = []
  const faults: string[] = []
  let kills = 0
  while (kills < rounds && performance.now() < endMs && faults.length === 0) {
    const saved = await killOne({ root, worker, options, round: kills })
    kills += 1
    acknowledged.push(...saved)
    await using parts = await openParts(options)
    faults.push(...(await findLosses(parts, saved)))
  }
  await using parts = await openParts(options)
  faults.push(...(await findLosses(parts, acknowledged)), ...(await findOrphans(parts)))
  return { kills, acknowledged: acknowledged.length, faults: [...new Set(faults)] }
}

interface Round {
  readonly root: string
  readonly worker: string
  readonly options: object
  readonly round: number
}

async function killOne({ root, worker, options, round }: Round): Promise<readonly Acknowledged[]> {
  const saved: Acknowledged[] = []
  const child = startNode({ worker, argument: options, cwd: root })
  const gone = once(child, 'close')
  await new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.on('message', (message: Message) => {
      if (message.kind === 'refused') return
      saved.push(message.entry)
      // It is at work: from now on, any moment will do.
      resolve()
    })
  })
  // Never at the same moment of what it does.
  await sleep((round * 97) % 400)
  child.kill('SIGKILL')
  await gone
  return saved
}
