import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { TaskVaultError } from '../../errors.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import { parseTaskName } from '../../model/task.ts'
import { SAMPLE_POLICY, sampleSettings } from '../../testing/sample-settings.ts'
import { sampleWork } from '../../testing/sample-work.ts'
import { openVault } from '../open-vault.ts'
import type { RunEvent, RunVault } from './run-contract.ts'
import { createRunVault } from './run-vault.ts'
import { saveWork } from './save-work.ts'

/* Saving while another process looks whether the inputs are what they were. */

const TASK = parseTaskName('build')
const WORK = sampleWork(TASK, 1)
/** Too large to lie in the manifest. */
const OUTPUT_BYTES = 200_000

test('a result is stored while they are looked at, and published when they are the same', async () => {
  const project = await openProject()

  const saved = await project.save(async () => WORK)

  expect(saved).toMatchObject({ kind: 'saved', sizeBytes: OUTPUT_BYTES })
  expect(project.vault.hasEntry(WORK.key)).toBe(true)
})

test('of inputs that have changed nothing is published, and nothing stays', async () => {
  const project = await openProject()

  const saved = await project.save(async () => sampleWork(TASK, 2))

  expect(saved).toMatchObject({ kind: 'not-saved', because: 'inputs-changed' })
  expect(project.vault.hasEntry(WORK.key)).toBe(false)
  expect(project.blobs()).toEqual([])
})

test('inputs that have changed are told before outputs that are missing', async () => {
  const project = await openProject()
  rmSync(path.join(project.root, 'out'))

  const saved = await project.save(async () => sampleWork(TASK, 2))

  expect(saved).toMatchObject({ because: 'inputs-changed' })
})

test('where it cannot be told whether they have, nothing is published', async () => {
  const project = await openProject()

  const saved = await project.save(() => Promise.reject(new TaskVaultError('GIT_FAILED', 'no git')))

  expect(saved).toEqual({ kind: 'not-saved', because: 'trouble' })
  expect(project.events).toMatchObject([{ kind: 'trouble', code: 'GIT_FAILED' }])
  expect(project.vault.hasEntry(WORK.key)).toBe(false)
  expect(project.blobs()).toEqual([])
})

async function openProject() {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'save-work-')))
  const out = path.join(root, 'out')
  mkdirSync(path.join(root, '.taskvault'))
  writeFileSync(out, Buffer.alloc(OUTPUT_BYTES, 'output'))
  const opened = await openVault({ settings: sampleSettings(root) })
  onTestFinished(async () => {
    await opened[Symbol.asyncDispose]()
    rmSync(root, { recursive: true, force: true })
  })
  const vault = createRunVault(opened)
  const events: RunEvent[] = []
  return {
    root,
    vault,
    events,
    blobs: () => readdirSync(path.join(opened.store.cacheDirectory, 'blobs')),
    /** Whoever looks at the inputs answers once the save has begun. */
    async save(look: () => Promise<KeyedFingerprint>) {
      const begun = Promise.withResolvers<void>()
      const beside: RunVault = {
        ...vault,
        asksBeside: true,
        fingerprint: async () => await begun.promise.then(look),
        async save(request) {
          begun.resolve()
          return await vault.save(request)
        },
      }
      return await saveWork(
        {
          vault: beside,
          request: {
            task: TASK,
            definition: { inputs: [], outputs: ['out'], env: [], tools: [] },
            command: undefined,
            directory: root,
            env: {},
            policy: SAMPLE_POLICY,
            origin: {},
            onEvent: (event) => events.push(event),
          },
          targets: () => [{ declaredAs: 'out', absolutePath: out }],
          work: WORK,
        },
        { exitCode: 0, durationMs: 1, finishLog: () => undefined },
      )
    },
  }
}
