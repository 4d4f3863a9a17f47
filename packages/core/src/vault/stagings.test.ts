import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { VaultEvent } from '../model/events.ts'
import { parseTaskName } from '../model/task.ts'
import { sampleBytes } from '../testing/sample-blobs.ts'
import { SAMPLE_POLICY, sampleSettings } from '../testing/sample-settings.ts'
import { sampleWork } from '../testing/sample-work.ts'
import { openVault } from './open-vault.ts'
import type { OutputTarget } from './vault.ts'

const task = parseTaskName('unit_tests')
const work = sampleWork(task, 1)

test.each([
  ['files, on several threads', 5_000],
  ['files, on one', 550],
])('a vault that is closed while it stages %s leaves nothing of them behind', async (_, count) => {
  const { root, targets } = createOutput(count)
  await save(root, targets)
  rmSync(join(root, 'out'), { recursive: true })
  let closed: PromiseLike<void> | undefined
  const close = (event: VaultEvent): void => {
    if (event.kind === 'progress' && event.done > 0) closed ??= vault[Symbol.asyncDispose]()
  }
  const vault = await openVault({ settings: sampleSettings(root), report: close })

  const staged = await vault.stage({ task, work, targets })
  await closed

  expect(staged).toMatchObject({ kind: 'miss', reasons: [{ kind: 'unavailable' }] })
  expect(readdirSync(root)).toEqual(['cache'])
})

test('a vault that is closed while it stages one large file does not finish it', async () => {
  const { root, targets } = createOutput(0)
  writeFileSync(join(root, 'out', 'large'), sampleBytes(LARGE_BYTES))
  await save(root, targets)
  rmSync(join(root, 'out'), { recursive: true })
  let made = 0
  let isStaging = false
  const watch = (event: VaultEvent): void => {
    if (event.kind !== 'progress' || event.phase !== 'restoring') return
    isStaging = true
    made = Math.max(made, event.done)
  }
  const vault = await openVault({ settings: sampleSettings(root), report: watch })

  const staging = vault.stage({ task, work, targets })
  while (!isStaging) await setImmediate()
  await vault[Symbol.asyncDispose]()

  expect(await staging).toMatchObject({ kind: 'miss', reasons: [{ kind: 'unavailable' }] })
  expect(made).toBe(0)
  expect(readdirSync(root)).toEqual(['cache'])
})

const LARGE_BYTES = 64 * 1024 ** 2

interface Output {
  readonly root: string
  readonly targets: readonly OutputTarget[]
}

function createOutput(fileCount: number): Output {
  const root = mkdtempSync(join(tmpdir(), 'vault-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const absolutePath = join(root, 'out')
  mkdirSync(absolutePath)
  for (let index = 0; index < fileCount; index += 1)
    writeFileSync(join(absolutePath, `${index}`), sampleBytes(100, index))
  return { root, targets: [{ declaredAs: 'out', absolutePath }] }
}

async function save(root: string, outputs: readonly OutputTarget[]): Promise<void> {
  await using vault = await openVault({ settings: sampleSettings(root) })
  const done = { exitCode: 0, durationMs: 1, origin: {}, policy: SAMPLE_POLICY }
  await vault.save({ task, work, outputs, ...done })
}
