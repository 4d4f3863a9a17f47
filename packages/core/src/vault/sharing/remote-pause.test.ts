import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createRemotePause } from './remote-pause.ts'
import type { RemotePause } from './remote-pause.ts'

test('a note of one silent store leaves that of another alone, for a minute', () => {
  const { directory, open, pass } = usePauses()
  const [first, second, third] = ['https://one', 'https://two', 'https://three'].map(open)

  first?.begin()
  second?.begin()

  expect([first?.isOn(), second?.isOn(), third?.isOn()]).toEqual([true, true, false])
  pass(61)
  expect([first?.isOn(), second?.isOn()]).toEqual([false, false])
  expect(readdirSync(directory)).toEqual([])
})

test('a store that falls silent later does not prolong the pause of another', () => {
  const { open, pass } = usePauses()
  const [first, second] = ['https://one', 'https://two'].map(open)

  first?.begin()
  pass(40)
  second?.begin()
  pass(40)

  expect([first?.isOn(), second?.isOn()]).toEqual([false, true])
})

interface Pauses {
  readonly directory: string
  open(url: string): RemotePause
  /** Makes every note as many seconds older. */
  pass(seconds: number): void
}

function usePauses(): Pauses {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-pause-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return {
    directory,
    open: (url) => createRemotePause(directory, { url, now: Date.now }),
    pass(seconds) {
      for (const path of readdirSync(directory).map((name) => join(directory, name))) {
        const at = new Date(statSync(path).mtimeMs - seconds * 1_000)
        utimesSync(path, at, at)
      }
    },
  }
}
