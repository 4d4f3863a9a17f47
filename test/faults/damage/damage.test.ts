import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Patch } from '../patch-source.ts'
import { runPatched } from '../run-patched.ts'
import { CONTROLS } from './controls.ts'
import type { DamageOptions, DamageResult } from './damage-worker.ts'

test('a damaged vault never gives wrong bytes, and repair brings back all that is sound', async () => {
  const seed = Date.now() % 1_000

  const result = await damageOn({ rounds: 1_000, leastRounds: 30, forMs: 8_000, seed })

  expect(result.faults).toEqual([])
  // Both outcomes came up: neither was the damage nothing, nor was nothing left.
  expect(result.hits).toBeGreaterThan(result.rounds)
  expect(result.misses).toBeGreaterThan(result.rounds / 4)
})

test.each(CONTROLS.map((control) => [control.without, control] as const))(
  'the suite finds faults without %s',
  async (_, { patches, finds }) => {
    const result = await damageOn(
      { rounds: 2_000, forMs: 40_000, seed: 1, untilFault: true },
      patches,
    )

    expect(result.faults.join('\n')).toMatch(finds)
  },
)

/* What the long suite found once. */
test.each([
  // SQLite's own check passes, and writing says that the index is damaged.
  { seed: 1, round: 2_705 },
  // A page over the one that says where the audit log ends.
  { seed: 8, round: 2_200 },
])('seed $seed, round $round', async ({ seed, round }) => {
  const { faults } = await damageOn({ rounds: 1, seed, firstRound: round })

  expect(faults).toEqual([])
})

async function damageOn(
  options: Omit<DamageOptions, 'root'>,
  patches: readonly Patch[] = [],
): Promise<DamageResult> {
  const root = mkdtempSync(path.join(tmpdir(), 'taskvault-damage-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const module = path.join(import.meta.dirname, 'damage-worker.ts')
  return await runPatched<DamageResult>({ module, options: { root, ...options }, patches })
}
