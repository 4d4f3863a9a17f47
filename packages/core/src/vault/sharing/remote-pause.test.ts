import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createRemotePause } from './remote-pause.ts'

test('a note of one silent store leaves that of another alone, for a minute', () => {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-pause-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  let nowMs = Date.now()
  const [first, second, third] = ['https://one', 'https://two', 'https://three'].map((url) =>
    createRemotePause(directory, { url, now: () => nowMs }),
  )

  first?.begin()
  second?.begin()

  expect([first?.isOn(), second?.isOn(), third?.isOn()]).toEqual([true, true, false])
  nowMs += 61_000
  expect([first?.isOn(), second?.isOn()]).toEqual([false, false])
})
