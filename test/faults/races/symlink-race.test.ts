import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Patch } from '../patch-source.ts'
import { runPatched } from '../run-patched.ts'
import type { RaceOptions, RaceResult } from './race-worker.ts'

// Elsewhere a directory cannot be held, and docs/reliability.md says what that means.
const CAN_HOLD = existsSync('/proc/self/fd')

describe.skipIf(!CAN_HOLD)(
  'a process that exchanges directories for links while outputs are restored',
  () => {
    test('never leads a restore into the directory that it links to', async () => {
      const result = await race({ rounds: 300, seed: 1 })

      expect(result.touched).toEqual([])
      expect(result.rounds).toBe(300)
      // It was a race: restores came through, and others met a link.
      expect(result.swaps).toBeGreaterThan(300)
      expect(result.restored).toBeGreaterThan(30)
      expect(result.refused + result.missed).toBeGreaterThan(10)
    })

    test.each<[string, Patch]>([
      [
        'a directory within an output is not compared with where it should be',
        {
          file: 'outputs/output-places.ts',
          find: 'if (held.realPath === expected) return held',
          replace: 'return held',
        },
      ],
      [
        "an output's directory may lie outside of the project",
        {
          file: 'outputs/output-places.ts',
          find: `throw blocked(directory, 'a symlink on the way points outside the project')`,
          replace: '',
        },
      ],
      [
        'directories are used by their names again once they were checked',
        {
          file: 'files/held-directory.ts',
          find: 'return holdOpen(openSync(path, O_PATH | constants.O_DIRECTORY))',
          replace:
            'return { ...holdOpen(openSync(path, O_PATH | constants.O_DIRECTORY)), accessPath: path }',
        },
      ],
    ])('is found to do so when %s', async (_, patch) => {
      const result = await race({ rounds: 20_000, forMs: 40_000, seed: 2 }, [patch])

      expect(result.touched).not.toEqual([])
    })
  },
)

async function race(
  options: Omit<RaceOptions, 'root'>,
  patches: readonly Patch[] = [],
): Promise<RaceResult> {
  const root = mkdtempSync(path.join(tmpdir(), 'taskvault-race-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const module = path.join(import.meta.dirname, 'race-worker.ts')
  return await runPatched<RaceResult>({ module, options: { root, ...options }, patches })
}
