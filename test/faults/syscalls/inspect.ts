import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  collectGarbage,
  isDigest,
  isTaskVaultError,
  verifyAudit,
  verifyStore,
} from '@taskvault/core'
import type { Vault } from '@taskvault/core'
import { identifyResult, isSameTree, readTree } from '../contents.ts'
import type { Tree } from '../contents.ts'
import { TASK, openTestVault, workOf } from '../test-vault.ts'
import {
  LARGE,
  NEW_OUTPUT,
  OLD_OUTPUT,
  SMALL,
  SMALL_AGAIN,
  SMALL_BESIDE,
  TREES,
  operate,
  outputOf,
} from './scenarios.ts'
import type { OperationName } from './scenarios.ts'
import type { Traced } from './trace.ts'

export interface Inspected {
  /** What is not as it was promised; empty when all is well. */
  readonly violations: readonly string[]
  /** A kill came between the renames of a restore: some of its outputs were new, others not yet. */
  readonly wasBetween: boolean
}

/** Looks at a project after an operation met a fault, and does the operation once more without one. */
export async function inspectProject(
  project: string,
  operation: OperationName,
  traced: Traced,
): Promise<Inspected> {
  const violations = [...judgeOutcome(traced)]
  const wasKilled = traced.signal === 'SIGKILL'
  const outputs =
    operation === 'restore'
      ? judgeOutputs(project, wasKilled)
      : { violations: [], wasBetween: false }
  violations.push(...outputs.violations)
  try {
    violations.push(...(await reopen(project, operation, traced)))
    // Whatever was cut off is finished by doing it again.
    await operate(project, operation)
    const isRestored =
      operation !== 'restore' || isSameTree(readTree(outputOf(project)), NEW_OUTPUT)
    if (!isRestored) violations.push('outputs: the next restore did not put them right')
    violations.push(...(await verifyAfterwards(project)))
  } catch (error) {
    const reason = isTaskVaultError(error)
      ? `${error.code} ${error.message}`
      : String((error as Error).stack)
    violations.push(`afterwards: ${reason}`)
  }
  return { violations, wasBetween: outputs.wasBetween }
}

function* judgeOutcome({ outcome, signal }: Traced): Generator<string> {
  if (outcome?.kind === 'uncaught') yield `uncaught: ${outcome.message}`
  if (outcome === undefined && signal !== 'SIGKILL')
    yield `uncaught: the process ended by ${signal ?? 'itself'}`
}

/** A fault leaves outputs all old or all new. A kill may come between two of them; each is whole. */
function judgeOutputs(project: string, wasKilled: boolean): Inspected {
  const found = readTree(outputOf(project))
  if (isSameTree(found, OLD_OUTPUT) || isSameTree(found, NEW_OUTPUT))
    return { violations: [], wasBetween: false }
  const partial = [...found].filter(([path, bytes]) => !isOneOf(path, bytes))
  if (wasKilled && partial.length === 0) return { violations: [], wasBetween: true }
  const names = partial.map(([path]) => path).join(', ') || [...found.keys()].join(', ')
  return { violations: [`outputs: neither old nor new: ${names}`], wasBetween: false }
}

function isOneOf(path: string, bytes: Buffer): boolean {
  return [OLD_OUTPUT, NEW_OUTPUT].some((tree) => tree.get(path)?.equals(bytes) === true)
}

async function reopen(
  project: string,
  operation: OperationName,
  { acknowledged }: Traced,
): Promise<readonly string[]> {
  await using vault = await openTestVault({ project })
  const violations: string[] = []
  const staged = readdirSync(project).filter((name) => name.startsWith('.taskvault-stage-'))
  if (staged.length > 0) violations.push(`staging was left: ${staged.join(', ')}`)
  const mayMiss = operation === 'evict'
  violations.push(...(await judgeResults(vault, { acknowledged, mayMiss })))
  for (const [name, tree] of Object.entries(TREES)) {
    const isNew = name === 'tree-saved'
    const isAcknowledged = !isNew || acknowledged.includes('tree')
    const found = await restoreAside(vault, project, name)
    if (found === undefined && isAcknowledged && !mayMiss) violations.push(`lost: ${name}`)
    if (found !== undefined && !isSameTree(found, tree)) violations.push(`wrong bytes: ${name}`)
  }
  return violations
}

async function judgeResults(
  vault: Vault,
  {
    acknowledged,
    mayMiss,
  }: { readonly acknowledged: readonly string[]; readonly mayMiss: boolean },
): Promise<string[]> {
  const wasReplaced = acknowledged.includes('small')
  const wanted = [
    { key: LARGE.key, generations: [LARGE.generation] },
    {
      key: SMALL.key,
      generations: wasReplaced
        ? [SMALL_AGAIN.generation]
        : [SMALL.generation, SMALL_AGAIN.generation],
    },
    ...(wasReplaced ? [{ key: SMALL_BESIDE.key, generations: [SMALL_BESIDE.generation] }] : []),
  ]
  const violations: string[] = []
  for (const { key, generations } of wanted) {
    const bytes = await vault.readResult(TASK, await workOf(vault, key))
    if (bytes === undefined) {
      if (!mayMiss) violations.push(`lost: ${key}`)
      continue
    }
    const identity = identifyResult(bytes)
    if (identity?.key !== key || !generations.includes(identity.generation))
      violations.push(`wrong bytes: ${key}`)
  }
  return violations
}

async function restoreAside(
  vault: Vault,
  project: string,
  name: string,
): Promise<Tree | undefined> {
  const target = join(project, 'aside', name)
  const targets = [{ declaredAs: 'out', absolutePath: target }]
  const staged = await vault.stage({ task: TASK, work: await workOf(vault, name), targets })
  if (staged.kind === 'miss') return undefined
  await using hit = staged
  await hit.apply()
  return readTree(target)
}

async function verifyAfterwards(project: string): Promise<readonly string[]> {
  await using vault = await openTestVault({ project })
  await collectGarbage(vault.store)
  const { findings } = await verifyStore(vault.store)
  const audit = verifyAudit(vault.store)
  const blobs = join(vault.store.cacheDirectory, 'blobs')
  const misnamed = readdirSync(blobs).filter(
    (name) =>
      isDigest(name) &&
      vault.algorithm.hash(readFileSync(join(blobs, name))).toString('hex') !== name,
  )
  return [
    ...findings.map((finding) => `verify: ${JSON.stringify(finding)}`),
    ...misnamed.map((name) => `blobs: ${name} holds other bytes`),
    ...(audit.kind === 'sound' ? [] : [`audit log: ${JSON.stringify(audit)}`]),
  ]
}
