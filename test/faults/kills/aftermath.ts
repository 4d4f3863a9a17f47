import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { collectGarbage, verifyAudit, verifyStore } from '@taskvault/core'
import type { Vault } from '@taskvault/core'
import { clockMs } from '../clock.ts'
import { identifyResult, identifyTree, readTree } from '../contents.ts'
import { TASK, openTestVault, workOf } from '../test-vault.ts'
import { collectKeys } from './history.ts'
import type { HistoryEvent, ProcessHistory, ReadOutcome, Violation } from './history.ts'
import type { LoggedRemoval, RemovalLog } from './judge.ts'
import { listRemovals } from './removal-log.ts'

export interface Aftermath {
  /** One read of every key, by nobody's rival. */
  readonly reads: ProcessHistory
  readonly removals: RemovalLog
  readonly violations: readonly Violation[]
  readonly entries: number
  readonly evictions: number
}

/** Looks at what is left when the last process has died: every key, every blob, index and audit log. */
export async function inspectAfterwards(
  project: string,
  run: { readonly histories: readonly ProcessHistory[]; readonly limitBytes: number },
): Promise<Aftermath> {
  await using vault = await openTestVault({ project, limitBytes: run.limitBytes })
  const { entries, evictions } = vault.stats()
  const staged = leftStaging(project)
  const names = [...collectKeys(run.histories).keys()]
  const events: HistoryEvent[] = []
  for (const key of names) {
    const beganAt = clockMs()
    events.push({
      kind: 'read',
      at: clockMs(),
      beganAt,
      key,
      outcome: await readOnce(vault, project, key),
    })
  }
  const removals = await readRemovals(vault, names)
  await collectGarbage(vault.store)
  const findings = await verifyStore(vault.store)
  const audit = verifyAudit(vault.store)
  const details = [
    ...staged.map((name) => `staging was left: ${name}`),
    ...findings.findings.map((finding) => `verify: ${JSON.stringify(finding)}`),
    ...(audit.kind === 'sound' ? [] : [`audit log: ${JSON.stringify(audit)}`]),
    ...readdirSync(vault.store.cacheDirectory)
      .filter((name) => name.includes('.corrupt-'))
      .map((name) => `index: ${name}`),
  ]
  const violations = details.map((detail): Violation => ({ kind: 'damaged-store', detail }))
  return {
    reads: { slot: -1, events, killedAt: undefined },
    removals,
    violations,
    entries,
    evictions,
  }
}

async function readOnce(vault: Vault, project: string, key: string): Promise<ReadOutcome> {
  const work = await workOf(vault, key)
  if (key.includes('result')) {
    const bytes = await vault.readResult(TASK, work)
    return bytes === undefined
      ? { kind: 'miss', reasons: 'at the end' }
      : { kind: 'hit', identity: identifyResult(bytes) }
  }
  const target = join(project, 'afterwards')
  const staged = await vault.stage({
    task: TASK,
    work,
    targets: [{ declaredAs: 'out', absolutePath: target }],
  })
  if (staged.kind === 'miss') return { kind: 'miss', reasons: JSON.stringify(staged.reasons) }
  await using hit = staged
  await hit.apply()
  return { kind: 'hit', identity: identifyTree(readTree(target)) }
}

/** Opening the vault clears what dead processes had staged. */
function leftStaging(project: string): readonly string[] {
  const names = readdirSync(join(project, 'work'), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => /(^|\/)\.taskvault-stage-[^/]*$/.test(name))
}

/** Clocks: the audit log has the time of day, the history that of the machine. */
async function readRemovals(vault: Vault, names: readonly string[]): Promise<RemovalLog> {
  const offset = Date.now() - clockMs()
  const log = readFileSync(join(vault.store.cacheDirectory, 'audit.log'), 'utf8')
  const byKey = Map.groupBy(listRemovals(log), ({ key }) => key)
  const byName = new Map<string, readonly LoggedRemoval[]>()
  for (const name of names) {
    const removals = byKey.get((await workOf(vault, name)).key) ?? []
    byName.set(
      name,
      removals.map(({ atMs, othersUsed }) => ({ at: atMs - offset, othersUsed })),
    )
  }
  return {
    removedBetween: (name, from, to) =>
      byName
        .get(name)
        ?.findLast(({ at }) => at >= from - CLOCK_SLACK_MS && at <= to + CLOCK_SLACK_MS),
  }
}

const CLOCK_SLACK_MS = 5
