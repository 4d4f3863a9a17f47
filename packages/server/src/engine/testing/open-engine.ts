import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ObjectStore } from '@taskvault/core'
import { createMemoryObjectStore } from '@taskvault/core/testing'
import { expect, onTestFinished } from 'vitest'
import type { OpenDatabase } from '../../database/open-database.ts'
import { createEngine } from '../create-engine.ts'
import { DEFAULT_LIMITS, DEFAULT_TIMES } from '../engine-options.ts'
import type { EngineEvent, EngineOptions, RunningEngine } from '../engine-options.ts'
import { findMiscounts } from './find-miscounts.ts'

export interface TestEngine {
  readonly engine: RunningEngine
  readonly opened: OpenDatabase
  readonly objects: ObjectStore
  readonly events: readonly EngineEvent[]
  /** Lets time pass. */
  advance(ms: number): void
  now(): number
}

type Given = Partial<Omit<EngineOptions, 'limits' | 'times' | 'database' | 'now'>> & {
  readonly limits?: Partial<EngineOptions['limits']>
  readonly times?: Partial<EngineOptions['times']>
}

/** An engine over a database and objects of its own, with a clock that stands; gone after the test. */
export async function openTestEngine(opened: OpenDatabase, given: Given = {}): Promise<TestEngine> {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-engine-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const events: EngineEvent[] = []
  let nowMs = 1_800_000_000_000
  const objects = given.objects ?? createMemoryObjectStore()
  const engine = await createEngine({
    isDirect: false,
    temporaryDirectory: join(directory, 'temporary'),
    signEntry: async () => undefined,
    report: (event) => void events.push(event),
    ...given,
    objects,
    database: opened,
    now: () => nowMs,
    limits: { ...DEFAULT_LIMITS, ...given.limits },
    times: { ...DEFAULT_TIMES, ...given.times },
  })
  onTestFinished(async () => await engine[Symbol.asyncDispose]())
  // Whatever a test did: nothing is counted wrongly after it.
  onTestFinished(async () => expect(await findMiscounts(opened.database)).toEqual([]))
  return {
    engine,
    opened,
    objects,
    events,
    advance: (ms) => void (nowMs += ms),
    now: () => nowMs,
  }
}
