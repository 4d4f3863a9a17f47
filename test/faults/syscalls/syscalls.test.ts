import { describe, expect, test } from 'vitest'
import { SYSCALL_CONTROLS } from './controls.ts'
import type { SyscallControl } from './controls.ts'
import { OPERATIONS } from './scenarios.ts'
import { spread, sweep } from './sweep.ts'
import { whyNoTracing } from './trace.ts'

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
      async (control) => expect(await findWithout(control)).toMatch(control.finds),
      180_000,
    )
  },
)

/** The first thing that is found without a defence, and that it should have kept from happening. */
async function findWithout({
  operation,
  patches,
  isNeededFor,
  finds,
}: SyscallControl): Promise<string> {
  for (let part = 0; part < PARTS; part += 1) {
    const { violations } = await sweep({
      operation,
      patches,
      choose: (faults) => faults.filter(isNeededFor).filter((_, index) => index % PARTS === part),
    })
    const found = violations.find(({ detail }) => finds.test(detail))
    if (found !== undefined) return found.detail
  }
  return 'nothing was found'
}
