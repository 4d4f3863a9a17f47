import type { LongSuite } from '../suite.ts'
import { OPERATIONS } from './scenarios.ts'
import type { OperationName } from './scenarios.ts'
import { spread, sweep } from './sweep.ts'
import { whyNoTracing } from './trace.ts'

/** A suite for each operation: every fault in every system call of it; a round is a fault. */
export const syscallSuites: Readonly<Record<string, LongSuite>> = Object.fromEntries(
  OPERATIONS.map((operation) => [`syscalls-${operation}`, suiteOf(operation)]),
)

function suiteOf(operation: OperationName): LongSuite {
  return {
    rounds: Infinity,
    async run({ rounds, forMs }) {
      const obstacle = whyNoTracing()
      if (obstacle !== undefined)
        throw new Error(`Faults cannot be put into system calls: ${obstacle}`)
      const { violations, ...figures } = await sweep({
        operation,
        forMs,
        choose: (faults) => spread(faults, rounds),
      })
      const faults = violations.map(
        ({ fault, call, detail }) =>
          `${fault.syscall} ${fault.ordinal} ${fault.effect}: ${detail} (${call})`,
      )
      return { figures, faults }
    },
  }
}
