import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { whyWithout } from '../gitlab/debian-tools.ts'

const SOURCE = path.join(import.meta.dirname, '../../../orbs/taskvault/src')

/** The scripts on their own. */
export function describeScripts(): void {
  const scripts = readdirSync(path.join(SOURCE, 'scripts'))

  describe('the scripts of the orb', () => {
    test.skipIf(whyWithout('shellcheck') !== undefined)(
      'have no faults that shellcheck knows',
      () => {
        const checked = run('shellcheck', ['--shell=sh', ...scripts], 'scripts')

        expect([checked.stdout, checked.status]).toEqual(['', 0])
      },
    )

    test.skipIf(whyWithout('bats') !== undefined)('do what their own tests say', () => {
      const tested = run('bats', ['tests'], '.')

      expect(tested.status, tested.stdout + tested.stderr).toBe(0)
      expect(tested.stdout).toMatch(/^1\.\.\d+/)
    })
  })
}

function run(
  command: string,
  words: readonly string[],
  directory: string,
): ReturnType<typeof spawnSync> & { stdout: string; stderr: string } {
  return spawnSync(command, words, { cwd: path.join(SOURCE, directory), encoding: 'utf8' })
}
