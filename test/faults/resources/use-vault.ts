import { rmSync } from 'node:fs'
import { examineVault, isTaskVaultError, openVault, systemErrorCode } from '@taskvault/core'
import type { OutputTarget, Settings, Vault } from '@taskvault/core'
import {
  identifyResult,
  identifyTree,
  noise,
  readTree,
  resultOf,
  treeOf,
  writeTree,
} from '../contents.ts'
import { TASK, saveUnder, workOf } from '../test-vault.ts'

export interface VaultUse {
  readonly settings: Settings
  readonly output: OutputTarget
  /** Distinguishes what is saved from what was saved before. */
  readonly round: number
}

/**
 * What came of each use of a vault: `right`, `miss` or `saved`; the code of a clear error; or a line
 * that begins with `wrong` or `uncaught`.
 */
export type UseOutcomes = Readonly<Record<(typeof USES)[number], string>>

const USES = ['open', 'result', 'tree', 'save small', 'save large', 'examine'] as const
const TREE = { key: 'kept-tree', generation: 1 }
const RESULT = { key: 'kept-result', generation: 1 }

/** Saves what `useVault` asks for. */
export async function prepareVault({ settings, output }: Omit<VaultUse, 'round'>): Promise<void> {
  await using vault = await openVault({ settings })
  writeTree(output.absolutePath, treeOf(TREE))
  await saveUnder(vault, TREE.key, [output])
  await saveUnder(vault, RESULT.key, resultOf(RESULT))
  rmSync(output.absolutePath, { recursive: true })
}

/** Opens a vault and uses it in every way, whatever the machine still has to give. */
export async function useVault({ settings, output, round }: VaultUse): Promise<UseOutcomes> {
  const outcomes: Record<string, string> = {}
  let vault: Vault | undefined
  outcomes['open'] = await attempt(async () => {
    vault = await openVault({ settings })
    return 'right'
  })
  const use = async (name: string, work: (opened: Vault) => Promise<string>): Promise<void> => {
    const opened = vault
    outcomes[name] =
      opened === undefined ? 'not open' : await attempt(async () => await work(opened))
  }
  await use('result', readResult)
  await use('tree', async (opened) => await restoreTree(opened, output))
  await use('save small', async (opened) => await save(opened, `small ${round}`, 500))
  await use('save large', async (opened) => await save(opened, `large ${round}`, 3_000_000))
  await use('examine', async (opened) => {
    const { store } = await examineVault(opened, { repair: false })
    return store.findings.length === 0 ? 'right' : `wrong: ${JSON.stringify(store.findings)}`
  })
  await attempt(async () => {
    await vault?.[Symbol.asyncDispose]()
    return 'right'
  })
  return outcomes as UseOutcomes
}

async function attempt(work: () => Promise<string>): Promise<string> {
  try {
    return await work()
  } catch (error) {
    if (isTaskVaultError(error)) return error.code
    return `uncaught ${error instanceof Error ? error.stack : String(error)}`
  }
}

async function readResult(vault: Vault): Promise<string> {
  const bytes = await vault.readResult(TASK, await workOf(vault, RESULT.key))
  if (bytes === undefined) return 'miss'
  return identifyResult(bytes)?.key === RESULT.key ? 'right' : 'wrong result'
}

async function restoreTree(vault: Vault, output: OutputTarget): Promise<string> {
  makeWay(output.absolutePath)
  const staged = await vault.stage({
    task: TASK,
    work: await workOf(vault, TREE.key),
    targets: [output],
  })
  if (staged.kind === 'miss') return 'miss'
  await using hit = staged
  await hit.apply()
  return identifyTree(readTree(output.absolutePath))?.key === TREE.key ? 'right' : 'wrong tree'
}

/** What is left from the use before stays when even this cannot be opened: it is restored over, then. */
function makeWay(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
  }
}

async function save(vault: Vault, name: string, sizeBytes: number): Promise<string> {
  return (await saveUnder(vault, name, noise(name, sizeBytes))).kind
}
