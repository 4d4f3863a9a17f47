import { availableParallelism } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import process from 'node:process'
import type { ViteUserConfig } from 'vitest/config'
import { createClosingLineReporter } from './test/rig/closing-line-reporter.ts'

/** The git that tests run, where it is not to be the first one on PATH. */
const git = process.env['TASKVAULT_TEST_GIT']
const PATH = [git === undefined ? [] : dirname(git), process.env['PATH'] ?? ''].flat()

/** Where Node keeps the compiled code of what tests start from its source: to make it takes most of a start. */
const NODE_COMPILE_CACHE = join(import.meta.dirname, 'node_modules/.cache/compiled')

const config: ViteUserConfig = {
  test: {
    env: { PATH: PATH.join(delimiter), NODE_COMPILE_CACHE },
    // Most tests wait for processes and disks: of two files at a time on two cores, a fifth of their time is idle.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // A machine that is busy with other things is no failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', createClosingLineReporter((text) => void process.stdout.write(text))],
    projects: [
      {
        test: {
          name: 'unit',
          // To load what they test takes most files longer than to test it.
          isolate: false,
          include: [
            'packages/*/src/**/*.test.ts',
            'bench/src/**/*.test.ts',
            'test/*.test.ts',
            'test/adapters/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/faults/**/*.test.ts'],
        },
      },
    ],
  },
}
export default config
