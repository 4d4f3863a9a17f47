import { describe, expect, test } from 'vitest'
import { SYSCALL_CONTROLS } from './controls.ts'
import { OPERATIONS } from './scenarios.ts'
import { spread, sweep } from './sweep.ts'
import type { SweepReport } from './sweep.ts'
import { whyNoTracing } from './trace.ts'
import type { Fault } from './trace.ts'

const obstacle = whyNoTracing()

/** Of each operation; `pnpm suite syscalls` takes all of them. */
const SAMPLE = 8

/** A control looks at so many parts of its faults, one after the other, until it finds what it must. */
const PARTS = 5

describe.skipIf(obstacle !== undefined)(
  `a fault in any system call${obstacle === undefined ? '' : ` (${obstacle})`}`,
  () => {
    test.each(OPERATIONS)(
      'of %s costs no entry, mixes no outputs, and is put right',
      async (operation) => {
        const report = await sweep({ operation, choose: (faults) => spread(faults, SAMPLE) })

        expect(report.violations).toEqual([])
        expect(report.faults + report.kills).toBeGreaterThan(SAMPLE / 2)
      },
    )

    test.each(SYSCALL_CONTROLS)(
      'is found when $name',
      async ({ operation, patches, isNeededFor, finds }) => {
        const found: SweepReport['violations'][number][] = []

        for (
          let part = 0;
          part < PARTS && !found.some(({ detail }) => finds.test(detail));
          part += 1
        ) {
          const choose = (faults: readonly Fault[]): readonly Fault[] =>
            faults.filter(isNeededFor).filter((_, index) => index % PARTS === part)
          found.push(...(await sweep({ operation, patches, choose })).violations)
        }

        expect(found.map(({ detail }) => detail).join('\n')).toMatch(new RegExp(finds, 'm'))
      },
    )
  },
)
