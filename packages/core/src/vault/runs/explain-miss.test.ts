import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Settings } from '../../config/settings.ts'
import { parseTaskName } from '../../model/task.ts'
import { SAMPLE_POLICY } from '../../testing/sample-settings.ts'
import { openProject } from '../../testing/temporary-project.ts'
import type { TemporaryProject } from '../../testing/temporary-project.ts'
import { fingerprintTask } from '../fingerprints/fingerprint-task.ts'
import { openVault } from '../open-vault.ts'
import type { Vault } from '../vault.ts'
import { explainMiss } from './explain-miss.ts'
import { createFingerprintContext } from './run-vault.ts'

const TASK = parseTaskName('unit_tests')

test('the first run of a task is one', async () => {
  const { vault, project } = await inVault({ a: '1' })

  expect(await explain(vault, project)).toEqual([{ kind: 'first-run' }])
})

test('a miss is compared with the nearest of the newest entries, not with the newest', async () => {
  const { vault, project } = await inVault({ a: '1', b: '1', c: '1' })
  await save(vault, project)
  project.write({ a: '2', b: '2', c: '2' })
  await save(vault, project)

  project.write({ a: '1', b: '1', c: '3' })

  expect(await explain(vault, project)).toEqual([{ kind: 'file-changed', relativePath: 'c' }])
})

test('a miss is compared with what was used last, however long ago it was saved', async () => {
  const { vault, project } = await inVault({ a: '0', b: '0' })
  await save(vault, project)
  for (const each of ['1', '2', '3', '4', '5']) {
    project.write({ a: each, b: each })
    await save(vault, project)
  }
  project.write({ a: '0', b: '0' })
  await use(vault, project)

  project.write({ b: '6' })

  expect(await explain(vault, project)).toEqual([{ kind: 'file-changed', relativePath: 'b' }])
})

test('entries of other tasks explain nothing', async () => {
  const { vault, project } = await inVault({ a: '1' })
  await save(vault, project)
  const work = await fingerprint(vault, project)

  expect(await explainMiss(vault, parseTaskName('other'), work)).toEqual([{ kind: 'first-run' }])
})

test('a fingerprint too large to lie beside its manifest is read all the same', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 1_500 }, (_, index) => [`files/f${index}`, `${index}`]),
  )
  const { vault, project } = await inVault(many)
  await save(vault, project)

  project.write({ 'files/f7': 'changed' })

  expect(await explain(vault, project)).toEqual([
    { kind: 'file-changed', relativePath: 'files/f7' },
  ])
})

test('entries that are damaged are passed over', async () => {
  const { vault, project } = await inVault({ a: '1' })
  await save(vault, project)
  const blobs = join(vault.settings.cacheDirectory, 'blobs')
  for (const name of readdirSync(blobs)) writeFileSync(join(blobs, name), 'damage')

  project.write({ a: '2' })

  expect(await explain(vault, project)).toEqual([{ kind: 'first-run' }])
})

async function explain(vault: Vault, project: TemporaryProject): ReturnType<typeof explainMiss> {
  return await explainMiss(vault, TASK, await fingerprint(vault, project))
}

/** A hit. */
async function use(vault: Vault, project: TemporaryProject): Promise<void> {
  const work = await fingerprint(vault, project)
  const staged = await vault.stage({ task: TASK, work, targets: [] })
  expect(staged.kind).toBe('hit')
  if (staged.kind !== 'hit') return
  await staged.apply()
  await staged[Symbol.asyncDispose]()
}

async function save(vault: Vault, project: TemporaryProject): Promise<void> {
  const work = await fingerprint(vault, project)
  await vault.save({
    task: TASK,
    work,
    outputs: [],
    exitCode: 0,
    durationMs: 1,
    origin: {},
    policy: SAMPLE_POLICY,
  })
}

async function fingerprint(
  vault: Vault,
  project: TemporaryProject,
): ReturnType<typeof fingerprintTask> {
  return await fingerprintTask(
    {
      task: TASK,
      definition: { inputs: ['**'], outputs: [], env: [], tools: [] },
      command: undefined,
      projectRoot: project.root,
      env: {},
      source: { kind: 'work-tree' },
    },
    createFingerprintContext(vault),
  )
}

interface Opened {
  readonly vault: Vault
  readonly project: TemporaryProject
}

async function inVault(paths: Readonly<Record<string, string>>): Promise<Opened> {
  const project = openProject(paths)
  const settings: Settings = {
    projectRoot: project.root,
    configPath: undefined,
    cacheDirectory: join(project.root, '.taskvault/cache'),
    maxSizeBytes: 1024 ** 3,
    hashAlgorithm: 'blake3',
    logLevel: 'error',
    servicePort: 0,
    policies: {},
    branches: {},
    tasks: {},
    secrets: [],
  }
  const vault = await openVault({ settings })
  onTestFinished(async () => {
    await vault[Symbol.asyncDispose]()
    project[Symbol.dispose]()
  })
  return { vault, project }
}
