import { randomBytes } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { KeyedFingerprint } from '../model/fingerprint.ts'
import { parseTaskName } from '../model/task.ts'
import { SAMPLE_POLICY, sampleSettings } from '../testing/sample-settings.ts'
import { sampleWork } from '../testing/sample-work.ts'
import { openVault } from './open-vault.ts'
import type { OutputTarget, SaveRequest, SavedEntry, Vault } from './vault.ts'

const task = parseTaskName('build')
const FILES = 150
let root = ''

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'often-')))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

test('an output that changes a little with each save needs few packs after any number of saves', async () => {
  await using vault = await open()
  for (let number = 0; number < FILES; number += 1) change(number)
  const first = await save(vault, 0)
  let storedBytes = 0
  for (let number = 0; number < FILES; number += 1) {
    change(number)
    storedBytes += (await save(vault, number + 1)).storedBytes
  }
  const wanted = contents()

  rmSync(join(root, 'out'), { recursive: true })
  const staged = await vault.stage({ task, work: key(FILES), targets: targets() })
  if (staged.kind !== 'hit') throw new Error('a miss')
  await staged.apply()
  await staged[Symbol.asyncDispose]()

  expect(contents()).toEqual(wanted)
  expect(staged.manifest.blobs.length).toBeLessThan(80)
  // What is stored again is little beside what each save stores anyway.
  expect(storedBytes).toBeLessThan(8 * first.storedBytes)
})

/** Each in a directory of its own, whose node is all that changes besides. */
function change(number: number): void {
  mkdirSync(join(root, `out/d${number}`), { recursive: true })
  writeFileSync(join(root, `out/d${number}/f`), randomBytes(20_000))
}

function contents(): Record<string, string> {
  const names = readdirSync(join(root, 'out'), { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => statSync(join(root, 'out', name)).isFile())
  return Object.fromEntries(
    files.map((name) => [name, readFileSync(join(root, 'out', name), 'latin1')]),
  )
}

async function save(vault: Vault, number: number): Promise<SavedEntry> {
  const saved = await vault.save({ ...REQUEST, work: key(number), outputs: targets() })
  if (saved.kind !== 'saved') throw new Error('not saved')
  return saved
}

function targets(): readonly OutputTarget[] {
  return [{ declaredAs: 'out', absolutePath: join(root, 'out') }]
}

function key(number: number): KeyedFingerprint {
  return sampleWork(task, number)
}

const REQUEST: Omit<SaveRequest, 'work' | 'outputs'> = {
  task,
  exitCode: 0,
  durationMs: 1,
  origin: {},
  policy: SAMPLE_POLICY,
}

async function open(): Promise<Vault> {
  return await openVault({
    settings: sampleSettings(root),
  })
}
