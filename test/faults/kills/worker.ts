import { mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import {
  collectGarbage,
  createClient,
  evictIfNeeded,
  invalidate,
  isTaskVaultError,
} from '@taskvault/core'
import type { Client, Vault } from '@taskvault/core'
import { clockMs } from '../clock.ts'
import { identifyResult, identifyTree, readTree, resultOf, treeOf, writeTree } from '../contents.ts'
import type { Saved } from '../contents.ts'
import { TASK, openTestVault, saveUnder, workOf } from '../test-vault.ts'
import type { HistoryEvent, Operation, ReadOutcome } from './history.ts'
import { coldKeyOf, hotKeysOf, randomFrom } from './worker-options.ts'
import type { WorkerOptions } from './worker-options.ts'

/*
 * One process of the suite: saves, restores, evicts, collects and invalidates until it is killed.
 * Everything that it does and sees is a line of its history, written before the next thing happens.
 */
const options = JSON.parse(process.argv[2] ?? '') as WorkerOptions
const { project, slot, limitBytes } = options
const history = openSync(options.historyFile, 'a')
const random = randomFrom(options.seed)
const directory = join(project, 'work', String(slot))
mkdirSync(directory, { recursive: true })

process.on('uncaughtException', (error) => {
  record({ kind: 'uncaught', at: clockMs(), message: String(error.stack) })
  process.exit(70)
})

function record(event: HistoryEvent): void {
  writeSync(history, `${JSON.stringify(event)}\n`)
}

async function attempt<Result>(
  operation: Operation,
  work: () => Result | Promise<Result>,
): Promise<Result | undefined> {
  record({ kind: 'began', at: clockMs(), operation })
  try {
    const result = await work()
    record({ kind: 'ended', at: clockMs(), outcome: 'done' })
    return result
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    record({ kind: 'ended', at: clockMs(), outcome: error.code })
    return undefined
  }
}

interface Opened {
  readonly vault: Vault
  readonly client: Client
  /** Why the read that is going on is a miss. */
  reasons: string
}

async function open(): Promise<Opened> {
  const opened = { reasons: '' }
  const vault = await openTestVault({
    project,
    limitBytes,
    report(event) {
      if (event.kind === 'missed') opened.reasons = JSON.stringify(event.reasons)
      if (event.kind === 'trouble') opened.reasons = `${event.code} ${event.message}`
    },
  })
  const client = await createClient(undefined, { cwd: project, env: {} })
  return Object.assign(opened, { vault, client })
}

/** Generations go up over the lives of all processes of this slot. */
let generation = options.firstGeneration

async function save({ vault, client }: Opened, key: string): Promise<void> {
  generation += 1
  const saved: Saved = { key, generation }
  if (key.includes('result')) {
    await attempt({ name: 'save', ...saved }, () => client.cacheResult(TASK, key, resultOf(saved)))
    return
  }
  const source = join(directory, 'source')
  rmSync(source, { recursive: true, force: true })
  writeTree(source, treeOf(saved))
  await attempt({ name: 'save', ...saved }, () =>
    saveUnder(vault, key, [{ declaredAs: 'out', absolutePath: source }]),
  )
}

async function read(opened: Opened, key: string): Promise<void> {
  opened.reasons = ''
  const beganAt = clockMs()
  const outcome = await (key.includes('result')
    ? readResult(opened, key)
    : restoreTree(opened, key))
  record({ kind: 'read', at: clockMs(), beganAt, key, outcome })
}

async function readResult(opened: Opened, key: string): Promise<ReadOutcome> {
  const bytes = await opened.vault.readResult(TASK, await workOf(opened.vault, key))
  if (bytes === undefined) return { kind: 'miss', reasons: opened.reasons }
  return { kind: 'hit', identity: identifyResult(bytes) }
}

/** Over whatever the last restore left there, which may be that of a process that was killed in it. */
async function restoreTree({ vault }: Opened, key: string): Promise<ReadOutcome> {
  const target = join(directory, 'restored')
  const work = await workOf(vault, key)
  const targets = [{ declaredAs: 'out', absolutePath: target }]
  const staged = await vault.stage({ task: TASK, work, targets })
  if (staged.kind === 'miss') return { kind: 'miss', reasons: JSON.stringify(staged.reasons) }
  await using hit = staged
  await hit.apply()
  return { kind: 'hit', identity: identifyTree(readTree(target)) }
}

const ownHotKeys = hotKeysOf(slot)
const hotKeys = options.slots.flatMap(hotKeysOf)

function pick<Item>(items: readonly Item[]): Item | undefined {
  return items[Math.floor(random() * items.length)]
}

let turn = Math.floor(random() * hotKeys.length)

/** Every key in use is read in turn, so that one is hardly ever what was used least recently. */
async function readNextHot(opened: Opened): Promise<void> {
  turn = (turn + 1) % hotKeys.length
  await read(opened, hotKeys[turn] ?? '')
}

async function act(opened: Opened): Promise<void> {
  const { vault } = opened
  if (random() < options.collectingShare) {
    await attempt({ name: 'collect' }, () => collectGarbage(vault.store))
    return
  }
  const die = random()
  if (die < 0.55) return await readNextHot(opened)
  if (die < 0.65) return await save(opened, pick(ownHotKeys) ?? coldKeyOf(slot, random))
  if (die < 0.78) return await save(opened, coldKeyOf(slot, random))
  if (die < 0.92) return await read(opened, coldKeyOf(pick(options.slots) ?? slot, random))
  if (die < 0.96) {
    await attempt({ name: 'evict' }, () =>
      evictIfNeeded(vault.store, { limitBytes: limitBytes * 0.9 }),
    )
    return
  }
  const key = coldKeyOf(slot, random)
  const work = await workOf(vault, key)
  await attempt({ name: 'invalidate', key }, () => invalidate(vault.store, { key: work.key }))
}

const opened = await attempt({ name: 'open' }, open)
if (opened === undefined) process.exit(0)
for (let done = 0; ; done += 1) {
  // Killed soon after, in whatever it does then: by its work, so that a busy machine changes nothing.
  if (done === options.duePastOperations) process.send?.('due')
  await act(opened)
}
