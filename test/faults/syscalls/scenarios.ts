import { randomBytes } from 'node:crypto'
import {
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { chanceName, collectGarbage, evictIfNeeded, verifyStore } from '@taskvault/core'
import type { Vault } from '@taskvault/core'
import { noise, resultOf, writeTree } from '../contents.ts'
import type { Saved, Tree } from '../contents.ts'
import { TASK, openTestVault, saveUnder, workOf } from '../test-vault.ts'

/** What is under test: each is done by a process of its own, from opening the vault to closing it. */
export const OPERATIONS = ['save', 'restore', 'collect', 'evict', 'repair'] as const
export type OperationName = (typeof OPERATIONS)[number]

/** Acknowledged before every operation. */
export const SMALL: Saved = { key: 'result-small', generation: 0 }
export const LARGE: Saved = { key: 'result-large', generation: 2 }
/** What `save` puts in the place of SMALL, and adds. */
export const SMALL_AGAIN: Saved = { key: 'result-small', generation: 3 }
/** What `save` adds at the same time. */
export const SMALL_BESIDE: Saved = { key: 'result-beside', generation: 1 }

/** The output as it lies in the project before a restore, and the one that the restore wants. */
export const OLD_OUTPUT: Tree = new Map([
  ['changed', noise('changed old', 3_000)],
  ['kept/same', noise('same', 40_000)],
  ['kept/removed', noise('removed', 500)],
  ['becomes-a-file/inner', noise('inner', 700)],
])
export const NEW_OUTPUT: Tree = new Map([
  ['changed', noise('changed new', 3_500)],
  ['kept/same', noise('same', 40_000)],
  ['kept/added', noise('added', 60_000)],
  ['becomes-a-file', noise('file', 900)],
  ['added/deep/down', noise('down', 2_000)],
])
const SAVED_OUTPUT: Tree = new Map([
  ['kept/same', noise('same', 40_000)],
  ['fresh/one', noise('fresh one', 90_000)],
  ['fresh/two', noise('fresh two', 10)],
])

/** Names of trees by the key that they are saved under. */
export const TREES: Readonly<Record<string, Tree>> = {
  'tree-old': OLD_OUTPUT,
  'tree-new': NEW_OUTPUT,
  'tree-saved': SAVED_OUTPUT,
}

export function outputOf(project: string): string {
  return join(project, 'out')
}

/** Makes a project whose vault is as the operation needs to find it. */
export async function prepareProject(project: string, operation: OperationName): Promise<void> {
  mkdirSync(project, { recursive: true })
  await fillVault(project, operation)
  if (operation === 'repair') damageIndex(join(project, '.taskvault', 'cache'))
}

async function fillVault(project: string, operation: OperationName): Promise<void> {
  const longAgo = Date.now() - 3 * 60 * 60 * 1000
  await using vault = await openTestVault({ project, now: () => longAgo })
  await saveUnder(vault, SMALL.key, resultOf(SMALL))
  await saveUnder(vault, LARGE.key, resultOf(LARGE))
  for (const name of ['tree-new', 'tree-old']) await saveTree(vault, project, name)
  if (operation === 'save') {
    rmSync(outputOf(project), { recursive: true })
    writeTree(outputOf(project), SAVED_OUTPUT)
  }
  if (operation === 'collect') await leaveGarbage(vault, longAgo)
}

async function saveTree(vault: Vault, project: string, name: string): Promise<void> {
  rmSync(outputOf(project), { recursive: true, force: true })
  writeTree(outputOf(project), TREES[name] ?? new Map())
  await saveUnder(vault, name, [{ declaredAs: 'out', absolutePath: outputOf(project) }])
}

/** What collection has to remove: blobs without entries, files without rows, and cut off writes. */
async function leaveGarbage(vault: Vault, longAgo: number): Promise<void> {
  const blobs = join(vault.store.cacheDirectory, 'blobs')
  for (const name of ['pack', 'other pack']) {
    await saveUnder(vault, name, noise(name, 100_000))
    const { key } = await workOf(vault, name)
    vault.store.database.prepare('DELETE FROM cache_entries WHERE hash = ?').run(key)
  }
  const [first = ''] = readdirSync(blobs)
  for (const name of [`.tmp-${chanceName()}`, randomBytes(32).toString('hex')]) {
    copyFileSync(join(blobs, first), join(blobs, name))
  }
  for (const name of readdirSync(blobs))
    utimesSync(join(blobs, name), longAgo / 1000, longAgo / 1000)
}

/** Overwrites the middle of the index, as a torn page does. */
function damageIndex(cacheDirectory: string): void {
  const file = join(cacheDirectory, 'cache.db')
  const descriptor = openSync(file, 'r+')
  const { size } = statSync(file)
  for (let page = 4096; page < size; page += 4096)
    writeSync(descriptor, noise('torn', 512), 0, 512, page)
}

/** What the process under test is told of each save that returned. */
export type Acknowledge = (saved: 'small' | 'tree') => void

/** Does the operation, from opening the vault to closing it. */
export async function operate(
  project: string,
  operation: OperationName,
  acknowledge: Acknowledge = () => {},
): Promise<void> {
  await using vault = await openTestVault({ project })
  switch (operation) {
    case 'save':
      // At once: they are published together.
      await Promise.all(
        [SMALL_AGAIN, SMALL_BESIDE].map((saved) => saveUnder(vault, saved.key, resultOf(saved))),
      )
      acknowledge('small')
      await saveUnder(vault, 'tree-saved', [{ declaredAs: 'out', absolutePath: outputOf(project) }])
      acknowledge('tree')
      return
    case 'restore': {
      const targets = [{ declaredAs: 'out', absolutePath: outputOf(project) }]
      const staged = await vault.stage({
        task: TASK,
        work: await workOf(vault, 'tree-new'),
        targets,
      })
      if (staged.kind === 'miss') return
      await using hit = staged
      await hit.apply()
      return
    }
    case 'collect':
      await collectGarbage(vault.store)
      return
    case 'evict':
      evictIfNeeded(vault.store, { limitBytes: 150_000 })
      return
    case 'repair':
      await verifyStore(vault.store, { repair: true })
  }
}
