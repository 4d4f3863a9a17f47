import type { Reporter } from 'vitest/node'

/**
 * Ends a run with one line that any CI can read: `12 passed, 0 failed, 1 skipped`. A test file that
 * could not be loaded and an error outside of any test count as failed.
 */
export function createClosingLineReporter(write: (text: string) => void): Reporter {
  return {
    onTestRunEnd(modules, unhandled) {
      const counts = { passed: 0, failed: unhandled.length, skipped: 0 }
      for (const module of modules) {
        counts.failed += module.errors().length
        for (const test of module.children.allTests()) {
          const { state } = test.result()
          // A test without a result was cut off before it ended.
          counts[state === 'pending' ? 'failed' : state] += 1
        }
      }
      const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`
      write(`\n${counts.passed} passed, ${counts.failed} failed${skipped}\n`)
    },
  }
}
