import { describe, expect, test } from 'vitest'
import { SYSCALL_CONTROLS } from './controls.ts'
import type { SyscallControl } from './controls.ts'
import { OPERATIONS } from './scenarios.ts'
import { spread, sweep } from './sweep.ts'
import { whyNoTracing } from './trace.ts'
import type { Fault } from './trace.ts'

const obstacle = whyNoTracing()

/** Of each operation; `pnpm suite syscalls` takes all of them. */
const SAMPLE = 8

/** A control goes through its faults in so many rounds, until it finds what it must. */
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
async function findWithout(control: SyscallControl): Promise<string> {
  const { operation, patches, isNeededFor } = control
  const isEnough = (detail: string): boolean => control.finds.test(detail)
  const choose = (faults: readonly Fault[]): readonly Fault[] => scatter(faults.filter(isNeededFor))
  const { violations } = await sweep({ operation, patches, choose, isEnough })
  return violations.find(({ detail }) => isEnough(detail))?.detail ?? 'nothing was found'
}

/** Every fifth first: faults that are found lie side by side. */
function scatter(faults: readonly Fault[]): readonly Fault[] {
  const parts = Array.from({ length: PARTS }, (_, part) => part)
  return parts.flatMap((part) => faults.filter((_, index) => index % PARTS === part))
}
