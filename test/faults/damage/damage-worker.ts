import { readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { examineVault, isTaskVaultError, openVault } from '@taskvault/core'
import type { Vault } from '@taskvault/core'
import { identifyResult, identifyTree, readTree } from '../contents.ts'
import type { Saved } from '../contents.ts'
import { randomFrom } from '../kills/worker-options.ts'
import { TASK, saveUnder, workOf } from '../test-vault.ts'
import { planDamage, spoilVault } from './plan-damage.ts'
import type { PlannedDamage } from './plan-damage.ts'
import { createSpoilableVault } from './spoilable-vault.ts'
import type { KnownEntry, SpoilableVault } from './spoilable-vault.ts'

export interface DamageOptions {
  /** An empty directory. */
  readonly root: string
  readonly rounds: number
  readonly seed: number
  /** The number of the first round, to see one again that found something; 0 otherwise. */
  readonly firstRound?: number
  /** Ends after so long, but not before `leastRounds`, which is 0 unless told. */
  readonly forMs?: number
  readonly leastRounds?: number
  /** Ends at the first fault that is found. */
  readonly untilFault?: boolean
}

export interface DamageResult {
  readonly rounds: number
  readonly hits: number
  readonly misses: number
  /** Vaults that could not be opened, which was said. */
  readonly refused: number
  /** What must never happen, one line each; the first 20. */
  readonly faults: readonly string[]
}

/** Damages a vault, uses it, repairs it, and uses it again; round after round. */
async function damageOn(options: DamageOptions): Promise<DamageResult> {
  const {
    root,
    rounds,
    seed,
    forMs = Number.POSITIVE_INFINITY,
    leastRounds = 0,
    untilFault = false,
    firstRound = 0,
  } = options
  const spoilable = await createSpoilableVault(root)
  const counts = { rounds: 0, hits: 0, misses: 0, refused: 0, faults: [] as string[] }
  const endMs = performance.now() + forMs
  const goesOn = (): boolean => counts.rounds < leastRounds || performance.now() < endMs
  while (counts.rounds < rounds && goesOn() && counts.faults.length < 20) {
    const number = firstRound + counts.rounds
    const roundSeed = seed * 1_000_003 + number
    const random = randomFrom(roundSeed)
    const damage = planDamage(random)
    const round: Round = { spoilable, damage, random, counts, faults: [] }
    try {
      await runRound(round)
    } catch (error) {
      round.faults.push(`uncaught ${error instanceof Error ? error.stack : String(error)}`)
    }
    counts.faults.push(
      ...round.faults.map(
        (fault) => `seed ${seed}, round ${number}, ${JSON.stringify(damage)}: ${fault}`,
      ),
    )
    counts.rounds += 1
    if (untilFault && counts.faults.length > 0) break
  }
  return counts
}

interface Round {
  readonly spoilable: SpoilableVault
  readonly damage: PlannedDamage
  readonly random: () => number
  readonly counts: { hits: number; misses: number; refused: number }
  readonly faults: string[]
}

async function runRound(round: Round): Promise<void> {
  const { spoilable, damage, random } = round
  const { cacheDirectory } = spoilable.settings
  spoilable.reset(damage.state)
  const auditBefore = readAudit(cacheDirectory)
  const spoiledBlobs = spoilVault(cacheDirectory, damage, random)
  const isAuditSpoiled = !readAudit(cacheDirectory).equals(auditBefore)
  if (damage.isUsedFirst) {
    await withVault(round, async (vault) => {
      for (const entry of spoilable.entries) await check(round, vault, { entry, isExpected: false })
      await saveMore(vault)
    })
  }
  await withVault(round, async (vault) => {
    const { auditSetAside } = await examineVault(vault, { repair: true })
    const { store, audit } = await examineVault(vault, { repair: false })
    for (const finding of store.findings) {
      if (finding.kind !== 'file-unknown')
        round.faults.push(`not clean after repair: ${JSON.stringify(finding)}`)
    }
    if (audit.kind === 'broken')
      round.faults.push(`audit log broken after repair: ${JSON.stringify(audit)}`)
    // An index that names another last line than the log has cannot tell damage from a forgery.
    if (auditSetAside !== undefined && !isAuditSpoiled && !isIndexSpoiled(damage))
      round.faults.push(`sound log called broken: ${JSON.stringify(auditSetAside)}`)
    for (const entry of spoilable.entries) {
      const isExpected = !entry.blobs.some((blob) => spoiledBlobs.has(blob))
      await check(round, vault, { entry, isExpected })
    }
    if ((await vault.readResult(TASK, await workOf(vault, spoilable.removed))) !== undefined) {
      round.faults.push('a removed entry came back')
    }
  })
}

function isIndexSpoiled({ targets }: PlannedDamage): boolean {
  return targets.some(({ target }) => target.startsWith('cache.db') || target === 'rows')
}

/** Opens the vault. One that refuses gets a new index, as its hint says. */
async function withVault(round: Round, use: (vault: Vault) => Promise<void>): Promise<void> {
  const { settings } = round.spoilable
  try {
    await using vault = await openVault({ settings })
    return await use(vault)
  } catch (error) {
    // A flipped bit can make the index one of a later version: nobody can tell, and it is said.
    if (!isTaskVaultError(error, 'FORMAT_UNSUPPORTED')) throw error
    round.counts.refused += 1
  }
  for (const suffix of ['', '-wal', '-shm'])
    rmSync(join(settings.cacheDirectory, `cache.db${suffix}`), { force: true })
  await using vault = await openVault({ settings })
  await use(vault)
}

async function check(
  { spoilable, counts, faults }: Round,
  vault: Vault,
  { entry, isExpected }: { readonly entry: KnownEntry; readonly isExpected: boolean },
): Promise<void> {
  const found =
    entry.kind === 'tree'
      ? await restoreTree(spoilable, vault, entry)
      : await readResult(vault, entry)
  counts[found === 'miss' ? 'misses' : 'hits'] += 1
  if (found === 'miss' && isExpected) faults.push(`lost: ${entry.saved.key}`)
  const isRight =
    typeof found === 'object' &&
    found.key === entry.saved.key &&
    found.generation === entry.saved.generation
  if (found !== 'miss' && !isRight)
    faults.push(`wrong: ${entry.saved.key} gave ${JSON.stringify(found)}`)
}

async function readResult(
  vault: Vault,
  { saved }: KnownEntry,
): Promise<Saved | 'miss' | 'garbage'> {
  const bytes = await vault.readResult(TASK, await workOf(vault, saved.key))
  return bytes === undefined ? 'miss' : (identifyResult(bytes) ?? 'garbage')
}

async function restoreTree(
  { output }: SpoilableVault,
  vault: Vault,
  { saved }: KnownEntry,
): Promise<Saved | 'miss' | 'garbage'> {
  const staged = await vault.stage({
    task: TASK,
    work: await workOf(vault, saved.key),
    targets: [output],
  })
  if (staged.kind === 'miss') return 'miss'
  try {
    await staged.apply()
    return identifyTree(readTree(output.absolutePath)) ?? 'garbage'
  } finally {
    await staged[Symbol.asyncDispose]()
  }
}

/** A damaged vault takes what comes, or says why it does not. */
async function saveMore(vault: Vault): Promise<void> {
  try {
    await saveUnder(vault, 'more', Buffer.from('saved while damaged'))
  } catch (error) {
    if (!isTaskVaultError(error, 'DATABASE_CORRUPT')) throw error
  }
}

function readAudit(cacheDirectory: string): Buffer {
  return readdirSync(cacheDirectory).includes('audit.log')
    ? readFileSync(join(cacheDirectory, 'audit.log'))
    : Buffer.alloc(0)
}

process.stdout.write(
  JSON.stringify(await damageOn(JSON.parse(process.argv[2] ?? '{}') as DamageOptions)),
)
