import { closeSync, openSync, readdirSync } from 'node:fs'
import process from 'node:process'
import { useVault } from './use-vault.ts'
import type { UseOutcomes, VaultUse } from './use-vault.ts'

export interface DescriptorSweep extends Omit<VaultUse, 'round'> {
  /** Descriptors that are left to the vault: one round for each number up to this. */
  readonly upTo: number
}

export interface SweptRound {
  readonly free: number
  readonly outcomes: UseOutcomes
  /** Descriptors that were open afterwards and had not been before. */
  readonly leaked: number
}

/** Uses a vault with no descriptors left, with one, with two, and so on. */
async function sweep({ upTo, ...use }: DescriptorSweep): Promise<SweptRound[]> {
  // What is loaded on first use is loaded: this is about the vault, not about Node's modules.
  await useVault({ ...use, round: -1 })
  const rounds: SweptRound[] = []
  for (let free = 0; free <= upTo; free += 1) {
    const before = countOpen()
    const taken = takeAll()
    for (const descriptor of taken.splice(0, free)) closeSync(descriptor)
    const outcomes = await useVault({ ...use, round: free })
    for (const descriptor of taken) closeSync(descriptor)
    rounds.push({ free, outcomes, leaked: countOpen() - before })
  }
  return rounds
}

function takeAll(): number[] {
  const taken: number[] = []
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch {
    return taken
  }
}

function countOpen(): number {
  return readdirSync('/proc/self/fd').length
}

process.stdout.write(
  JSON.stringify(await sweep(JSON.parse(process.argv[2] ?? '{}') as DescriptorSweep)),
)
